#include "linear/activations.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace firstbyte {
namespace {

// Quantising a row costs a microsecond or so, about what waking the threads does.
constexpr int kRowsWorthThreads = 4;

// Rows a power of two apart would compete for the same few sets of the first cache.
constexpr std::size_t kRowPadding = 64;

}  // namespace

void Activations::prepare(const float* x, int num_rows, int num_inputs, Format format, Isa isa, ThreadPool& pool,
                          std::size_t stride) {
  shape(x, num_rows, num_inputs, format, isa, stride);
  if (!is_quantised(format)) return;
  if (num_rows < kRowsWorthThreads || pool.size() == 1) {
    fill(0, num_rows);
  } else {
    pool.for_stretches(num_rows, std::max(1, num_rows / (16 * pool.num_used())),
                       [this](int first, int last, int) { fill(first, last); });
  }
}

void Activations::shape(const float* x, int num_rows, int num_inputs, Format format, Isa isa, std::size_t stride) {
  if (num_rows <= 0 || num_inputs <= 0 || (is_quantised(format) && num_inputs % kGroupInputs != 0)) {
    throw std::invalid_argument("activations of " + std::to_string(num_rows) + " rows and " +
                                std::to_string(num_inputs) + " inputs do not fit the weight format");
  }
  format_ = format;
  isa_ = isa;
  x_ = x;
  x_stride_ = stride == 0 ? static_cast<std::size_t>(num_inputs) : stride;
  rows_.num_rows = num_rows;
  rows_.num_inputs = num_inputs;
  const ActivationLayout layout = kernels_of(isa).layout(format);
  if (layout == ActivationLayout::Float) {
    rows_.values = reinterpret_cast<const std::uint8_t*>(x);
    rows_.stride = x_stride_ * sizeof(float);
    return;
  }
  const int record = layout == ActivationLayout::WideSwapped ? kWideRecord : kByteRecord;
  rows_.stride = static_cast<std::size_t>(num_inputs / kGroupInputs * record) + kRowPadding;
  const std::size_t size = static_cast<std::size_t>(num_rows) * rows_.stride;
  if (records_.size() < size) records_.resize(size);
  rows_.values = records_.data();
}

void Activations::fill(int first_row, int last_row) {
  const QuantiseKernel quantise = kernels_of(isa_).quantise;
  for (auto row = static_cast<std::size_t>(first_row); row < static_cast<std::size_t>(last_row); row++) {
    quantise(format_, x_ + row * x_stride_, rows_.num_inputs, records_.data() + row * rows_.stride);
  }
}

}  // namespace firstbyte
