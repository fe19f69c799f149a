// Weights into the packed layout (format.h) and back.
#pragma once

#include <cstddef>
#include <cstdint>

#include "linear/format.h"
#include "thread_pool.h"

namespace firstbyte {

// weights[num_outputs, num_inputs] -> packed, which has packed_bytes() bytes aligned to 64. BF16 and F16 round to
// nearest even. Int8 and Int4 choose an f16 scale per output and group of 32 (quantise_weights.h).
// Throws std::invalid_argument naming the row if a weight is NaN or Inf or does not fit the format's range.
void pack(Format format, const float* weights, int num_outputs, int num_inputs, std::uint8_t* packed, ThreadPool& pool);

// What the kernels compute with, as floats: for tests and for rows of an embedding. `weights` is [outputs, inputs],
// `out` [num_inputs].
void unpack(Format format, const std::uint8_t* packed, int num_outputs, int num_inputs, float* weights);
void unpack_row(Format format, const std::uint8_t* packed, int num_outputs, int num_inputs, int row, float* out);

}  // namespace firstbyte
