// RMSNorm, rotary positions and SwiGLU against plain loops in float64, at sizes that do and do not fill vectors.
#include <algorithm>
#include <cmath>
#include <limits>

#include "check.h"
#include "step/kernels.h"

namespace firstbyte {
namespace {

using firstbyte_test::gaussian;

constexpr int kSizes[] = {1, 2, 3, 15, 16, 17, 48, 64, 80, 257};

double worst_error(const std::vector<float>& got, const std::vector<double>& expected) {
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::fabs(got[i] - expected[i]) / (1 + std::fabs(expected[i])));
  }
  return worst;
}

void test_rms_norm(const StepKernels& kernels, int size) {
  const std::vector<float> x = gaussian(static_cast<size_t>(size), 1, 3), weight = gaussian(static_cast<size_t>(size), 2);
  std::vector<float> y(x.size());
  kernels.rms_norm(x.data(), weight.data(), 1e-5f, size, y.data());
  double squares = 0;
  for (float value : x) squares += static_cast<double>(value) * value;
  std::vector<double> expected;
  for (size_t i = 0; i < x.size(); ++i) expected.push_back(weight[i] * x[i] / std::sqrt(squares / size + 1e-5));
  CHECK(worst_error(y, expected) < 1e-6, "size %d", size);
}

void test_rotate(const StepKernels& kernels, int size) {
  const size_t half = static_cast<size_t>(size);
  std::vector<float> head = gaussian(2 * half, 3), cosines, sines;
  std::vector<double> expected(2 * half);
  for (size_t i = 0; i < half; ++i) {
    cosines.push_back(std::cos(static_cast<float>(i)));
    sines.push_back(std::sin(static_cast<float>(i)));
    expected[i] = static_cast<double>(head[i]) * cosines[i] - static_cast<double>(head[i + half]) * sines[i];
    expected[i + half] = static_cast<double>(head[i + half]) * cosines[i] + static_cast<double>(head[i]) * sines[i];
  }
  kernels.rotate(head.data(), cosines.data(), sines.data(), 2 * size);
  CHECK(worst_error(head, expected) < 1e-6, "size %d", size);
}

void test_swiglu(const StepKernels& kernels, int size) {
  const std::vector<float> x = gaussian(2 * static_cast<size_t>(size), 4, 20);
  std::vector<float> y(static_cast<size_t>(size));
  kernels.swiglu(x.data(), size, y.data());
  std::vector<double> expected;
  for (size_t i = 0; i < y.size(); ++i) expected.push_back(x[i] / (1 + std::exp(-static_cast<double>(x[i]))) * x[i + y.size()]);
  CHECK(worst_error(y, expected) < 1e-6, "size %d", size);
}

void test_exponentials(const StepKernels& kernels, int size) {
  std::vector<float> values = gaussian(static_cast<size_t>(size), 5, 30);
  const float max = *std::max_element(values.begin(), values.end());
  CHECK(kernels.max(values.data(), size) == max, "size %d", size);
  std::vector<double> shares(values.size());
  kernels.exp(values.data(), size, max, shares.data());
  std::vector<double> expected;
  double total = 0;
  for (float value : values) expected.push_back(std::exp(static_cast<double>(value) - max));
  for (double share : expected) total += share;
  for (size_t i = 0; i < shares.size(); ++i) {
    CHECK(std::fabs(shares[i] - expected[i]) < 1e-15 * expected[i], "size %d: %.17g", size, shares[i]);
  }
  CHECK(std::fabs(kernels.sum_exp(values.data(), size, max) - total) < 1e-6 * total, "size %d", size);
  values.back() = -std::numeric_limits<float>::infinity();
  kernels.exp(values.data(), size, max, shares.data());
  CHECK(shares.back() == 0.0, "size %d", size);
  values.back() = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(kernels.max(values.data(), size)), "size %d", size);
}

void test_find_at_least(const StepKernels& kernels, int size) {
  const std::vector<float> values = gaussian(static_cast<size_t>(size), 6);
  std::vector<int32_t> expected, found(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) {
    if (values[static_cast<size_t>(i)] >= 0.5f) expected.push_back(i);
  }
  const int num_found = kernels.find_at_least(values.data(), size, 0.5f, found.data(), size);
  found.resize(static_cast<size_t>(num_found));
  CHECK(found == expected, "size %d", size);
}

}  // namespace
}  // namespace firstbyte

int main() {
  using namespace firstbyte;
  for (Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512Vnni, Isa::NeonDot}) {
    if (!is_available(isa)) continue;
    for (int size : kSizes) {
      test_rms_norm(step_kernels(isa), size);
      test_rotate(step_kernels(isa), size);
      test_swiglu(step_kernels(isa), size);
      test_exponentials(step_kernels(isa), size);
      test_find_at_least(step_kernels(isa), size);
    }
  }
  return firstbyte_test::num_failures;
}
