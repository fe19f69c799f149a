#include "linear/linear.h"

#include <algorithm>
#include <stdexcept>

#include "linear/kernels.h"

namespace firstbyte {
namespace {

void check_fit(const Matrix& matrix, const Activations& x, Isa isa) {
  const Rows& rows = x.rows();
  if (rows.num_rows <= 0 || rows.num_inputs != matrix.num_inputs || x.format() != matrix.format || x.isa() != isa) {
    throw std::invalid_argument("activations were not prepared for this matrix");
  }
}

int cut(int total, int part, int num_parts) {
  return static_cast<int>(static_cast<long long>(total) * part / num_parts);
}

// With fewer panels than threads would like, rows are cut into as many parts as there are threads.
int num_row_parts(int panels, int rows, int num_threads) {
  return panels < 4 * num_threads ? std::min(rows, num_threads) : 1;
}

// Panels that a thread takes at the least: some, so that it does not ask too often and a tile is as wide as it can be.
int least_stretch(int panels, int num_threads) { return std::clamp(panels / (16 * num_threads), 1, 6); }

Rows slice(const Rows& rows, int first, int last) {
  Rows part = rows;
  part.num_rows = last - first;
  part.values += static_cast<std::size_t>(first) * rows.stride;
  return part;
}

}  // namespace

void linear(const Matrix& matrix, const Activations& x, float* y, std::size_t stride, Isa isa, ThreadPool& pool,
            const float* bias, bool accumulate) {
  check_fit(matrix, x, isa);
  const Output out{y, stride, bias, accumulate};
  const LinearKernel kernel = kernels_of(isa).linear(matrix.format);
  const int panels = num_panels(matrix.num_outputs), rows = x.rows().num_rows;
  const int parts = num_row_parts(panels, rows, pool.num_used());
  pool.for_stretches(panels * parts, least_stretch(panels * parts, pool.num_used()), [&](int first, int last, int) {
    for (int end; first < last; first = end) {
      const int part = first / panels, start = part * panels;
      end = std::min(last, start + panels);
      const int first_row = cut(rows, part, parts);
      Output own = out;
      own.y += static_cast<std::size_t>(first_row) * out.stride;
      kernel(matrix, slice(x.rows(), first_row, cut(rows, part + 1, parts)), own, first - start, end - start);
    }
  });
}

}  // namespace firstbyte
