#include "linear/linear.h"

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

// Panels are shared out evenly. With fewer panels than rows and threads would like, rows are shared out as well: the
// threads form a grid of panel_threads x row_threads, the row side as small as leaves no thread without panels.
struct Share {
  int first_panel, last_panel, first_row, last_row;
};

int cut(int total, int part, int num_parts) {
  return static_cast<int>(static_cast<long long>(total) * part / num_parts);
}

Share share_of(int panels, int rows, int thread, int num_threads) {
  int row_threads = 1;
  while (row_threads < num_threads && row_threads < rows &&
         (num_threads % row_threads != 0 || panels < 4 * (num_threads / row_threads))) {
    row_threads++;
  }
  if (num_threads % row_threads != 0) row_threads = 1;
  const int panel_threads = num_threads / row_threads;
  const int panel_part = thread % panel_threads;
  const int row_part = thread / panel_threads;
  return {cut(panels, panel_part, panel_threads), cut(panels, panel_part + 1, panel_threads),
          cut(rows, row_part, row_threads), cut(rows, row_part + 1, row_threads)};
}

Rows slice(const Rows& rows, int first, int last) {
  Rows part = rows;
  const auto skipped = static_cast<std::size_t>(first);
  part.num_rows = last - first;
  part.values += skipped * rows.stride;
  if (rows.scales != nullptr) {
    part.scales += skipped * static_cast<std::size_t>(rows.num_inputs / kGroupInputs);
    part.starts += skipped * static_cast<std::size_t>(rows.num_inputs / kGroupInputs);
  }
  return part;
}

}  // namespace

void linear_part(const Matrix& matrix, const Activations& x, const Output& out, int thread, int num_threads) {
  const Share share = share_of(num_panels(matrix.num_outputs), x.rows().num_rows, thread, num_threads);
  if (share.first_panel == share.last_panel || share.first_row == share.last_row) return;
  Output part = out;
  part.y += static_cast<std::size_t>(share.first_row) * out.stride;
  kernels_of(x.isa()).linear(matrix.format)(matrix, slice(x.rows(), share.first_row, share.last_row), part,
                                            share.first_panel, share.last_panel);
}

void linear(const Matrix& matrix, const Activations& x, float* y, std::size_t stride, Isa isa, ThreadPool& pool,
            const float* bias, bool accumulate) {
  check_fit(matrix, x, isa);
  const Output out{y, stride, bias, accumulate};
  pool.run([&](int thread, int num_threads) { linear_part(matrix, x, out, thread, num_threads); });
}

}  // namespace firstbyte
