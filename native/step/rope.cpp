#include "kernels_isa.h"

namespace firstbyte::FIRSTBYTE_STEP_ISA {

void rotate(float* head, const float* cosines, const float* sines, int size) {
  const int half = size / 2;
  float* first = head;
  float* second = head + half;
  int i = 0;
  for (; i + kLanes <= half; i += kLanes) {
    const Lanes a = load(first + i), b = load(second + i), cosine = load(cosines + i), sine = load(sines + i);
    store(first + i, a * cosine - b * sine);
    store(second + i, b * cosine + a * sine);
  }
  for (; i < half; ++i) {
    const float a = first[i], b = second[i];
    first[i] = a * cosines[i] - b * sines[i];
    second[i] = b * cosines[i] + a * sines[i];
  }
}

}  // namespace firstbyte::FIRSTBYTE_STEP_ISA
