#include "linear/activations.h"

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
    fill_part(0, 1);
  } else {
    pool.run([this](int thread, int num_threads) { fill_part(thread, num_threads); });
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
    rows_.scales = nullptr;
    rows_.starts = nullptr;
    return;
  }
  const auto count = static_cast<std::size_t>(num_rows);
  const auto inputs = static_cast<std::size_t>(num_inputs);
  rows_.stride = inputs * (layout == ActivationLayout::WideSwapped ? 2 : 1) + kRowPadding;
  if (values_.size() < count * rows_.stride) values_.resize(count * rows_.stride);
  if (scales_.size() < count * inputs / kGroupInputs) {
    scales_.resize(count * inputs / kGroupInputs);
    starts_.resize(count * inputs / kGroupInputs);
  }
  rows_.values = values_.data();
  rows_.scales = scales_.data();
  rows_.starts = starts_.data();
}

void Activations::fill_part(int thread, int num_threads) {
  if (!is_quantised(format_)) return;
  const QuantiseKernel quantise = kernels_of(isa_).quantise;
  const auto groups = static_cast<std::size_t>(rows_.num_inputs / kGroupInputs);
  const auto first = static_cast<std::size_t>(static_cast<long long>(rows_.num_rows) * thread / num_threads);
  const auto last = static_cast<std::size_t>(static_cast<long long>(rows_.num_rows) * (thread + 1) / num_threads);
  for (std::size_t row = first; row < last; row++) {
    quantise(format_, x_ + row * x_stride_, rows_.num_inputs, values_.data() + row * rows_.stride,
             scales_.data() + row * groups, starts_.data() + row * groups);
  }
}

}  // namespace firstbyte
