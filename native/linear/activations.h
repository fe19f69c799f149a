// The right-hand operand of linear(): rows of activations, prepared once and used by several matrices (q, k and v; gate
// and up).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "isa.h"
#include "linear/kernels.h"
#include "thread_pool.h"

namespace firstbyte {

// Float formats read x where it lies: it must stay alive and unchanged while the activations are in use. Int8 and Int4
// quantise each row to int8 in groups of 32 (kernels.h, QuantiseKernel) into a buffer that is kept between calls.
class Activations {
 public:
  // x[num_rows, num_inputs], rows `stride` floats apart (0: num_inputs). For matrices of this format and these kernels.
  // Throws std::invalid_argument on sizes that are not positive, or not a multiple of 32 for Int8 and Int4.
  void prepare(const float* x, int num_rows, int num_inputs, Format format, Isa isa, ThreadPool& pool,
               std::size_t stride = 0);

  const Rows& rows() const { return rows_; }
  Format format() const { return format_; }
  Isa isa() const { return isa_; }

 private:
  // Sets the sizes and where the rows will be.
  void shape(const float* x, int num_rows, int num_inputs, Format format, Isa isa, std::size_t stride);
  // Quantises some of the rows.
  void fill(int first_row, int last_row);

  Format format_ = Format::F32;
  Isa isa_ = Isa::Portable;
  const float* x_ = nullptr;
  std::size_t x_stride_ = 0;
  Rows rows_{};
  std::vector<std::uint8_t> records_;
};

}  // namespace firstbyte
