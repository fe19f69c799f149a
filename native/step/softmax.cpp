#include "kernels_isa.h"

namespace firstbyte::FIRSTBYTE_STEP_ISA {

float max(const float* values, int size) {
  Lanes best = splat(-__builtin_inff());
  Lanes poison{};  // becomes NaN with any value that is
  int i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const Lanes lanes = load(values + i);
    best = larger(lanes, best);
    poison += lanes * 0.0f;
  }
  float result = largest(best);
  // An infinity poisons too: then only a second look tells it from NaN.
  bool is_suspect = sum(poison) != 0.0f;
  for (; i < size; ++i) {
    result = values[i] > result ? values[i] : result;
    is_suspect = is_suspect || values[i] != values[i];
  }
  if (is_suspect) {
    for (i = 0; i < size; ++i) {
      if (values[i] != values[i]) return values[i];
    }
  }
  return result;
}

double sum_exp(const float* values, int size, float max) {
  double total = 0;
  int i = 0;
  while (i + kLanes <= size) {
    Lanes part{};  // short sums in float32, their sum in float64
    for (int end = i + 64 * kLanes; i + kLanes <= size && i < end; i += kLanes) {
      part += exp_negative(load(values + i) - max);
    }
    for (int lane = 0; lane < kLanes; ++lane) total += static_cast<double>(part[lane]);
  }
  for (; i < size; ++i) total += static_cast<double>(exp_negative(splat(values[i] - max))[0]);
  return total;
}

void exp(const float* values, int size, float max, double* out) {
  const double highest = max;
  int i = 0;
  for (; i + kDoubles <= size; i += kDoubles) store(out + i, exp_negative(load_doubles(values + i) - highest));
  for (; i < size; ++i) out[i] = exp_negative(splat(static_cast<double>(values[i]) - highest))[0];
}

int find_at_least(const float* values, int size, float threshold, int32_t* indices, int limit) {
  constexpr int kBlock = 8 * kLanes;
  int found = 0;
  for (int i = 0; i < size; i += kBlock) {
    const int end = i + kBlock < size ? i + kBlock : size;
    if (end - i == kBlock) {
      Lanes best = load(values + i);
      for (int j = kLanes; j < kBlock; j += kLanes) best = larger(load(values + i + j), best);
      if (largest(best) < threshold) continue;
    }
    for (int j = i; j < end; ++j) {
      if (values[j] < threshold) continue;
      if (found == limit) return limit + 1;
      indices[found++] = j;
    }
  }
  return found;
}

}  // namespace firstbyte::FIRSTBYTE_STEP_ISA
