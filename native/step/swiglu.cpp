#include "kernels_isa.h"

namespace firstbyte::FIRSTBYTE_STEP_ISA {
namespace {

// gate / (1 + e^-gate) without overflow: e^-|gate| is at most 1.
Lanes silu(Lanes gate) {
  const Lanes decay = exp_negative(gate > Lanes{} ? -gate : gate);
  const Lanes numerator = gate > Lanes{} ? gate : gate * decay;
  const Lanes activated = numerator / (splat(1.0f) + decay);
  return gate == gate ? activated : gate;  // not a number stays so
}

}  // namespace

void swiglu(const float* x, int size, float* y) {
  const float* up = x + size;
  int i = 0;
  for (; i + kLanes <= size; i += kLanes) store(y + i, silu(load(x + i)) * load(up + i));
  if (i < size) {
    float gates[kLanes] = {};
    memcpy(gates, x + i, static_cast<size_t>(size - i) * sizeof(float));
    store(gates, silu(load(gates)));
    for (int rest = 0; i + rest < size; ++rest) y[i + rest] = gates[rest] * up[i + rest];
  }
}

}  // namespace firstbyte::FIRSTBYTE_STEP_ISA
