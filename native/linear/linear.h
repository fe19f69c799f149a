// y = x W^T for packed weights of every format, on the kernels of one instruction set.
//
// A row of y depends on that row of x and on the weights only: not on the other rows, their number, or the number of
// threads, in any bit. (It does depend on the instruction set, within rounding.)
#pragma once

#include <cstddef>

#include "isa.h"
#include "linear/activations.h"
#include "linear/format.h"
#include "thread_pool.h"

namespace firstbyte {

// y[row * stride + output] = sum + bias[output], or added to what y holds if `accumulate` (the residual stream).
// `x` must have been prepared for the matrix's format and number of inputs and for `isa`, else std::invalid_argument.
// bias: [num_outputs] or null. y must not overlap x or bias.
void linear(const Matrix& matrix, const Activations& x, float* y, std::size_t stride, Isa isa, ThreadPool& pool,
            const float* bias = nullptr, bool accumulate = false);

}  // namespace firstbyte
