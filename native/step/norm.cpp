#include "kernels_isa.h"

namespace firstbyte::FIRSTBYTE_STEP_ISA {

void rms_norm(const float* x, const float* weight, float eps, int size, float* y) {
  Lanes squares{};
  int i = 0;
  for (; i + kLanes <= size; i += kLanes) squares += load(x + i) * load(x + i);
  float total = sum(squares);
  for (; i < size; ++i) total += x[i] * x[i];
  const float scale = 1.0f / __builtin_sqrtf(total / static_cast<float>(size) + eps);
  for (i = 0; i + kLanes <= size; i += kLanes) store(y + i, load(x + i) * scale * load(weight + i));
  for (; i < size; ++i) y[i] = x[i] * scale * weight[i];
}

}  // namespace firstbyte::FIRSTBYTE_STEP_ISA
