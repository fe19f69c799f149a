// Activations to int8 per group of 32, on NEON. The scalar twin, with the reasons, is portable/quantise.cpp.
#include <arm_neon.h>

#include <cmath>
#include <cstring>

#include "linear/half.h"
#include "linear/kernels.h"

namespace firstbyte {

void quantise_neon(Format format, const float* x, int num_inputs, std::uint8_t* records) {
  for (int group = 0; group < num_inputs / kGroupInputs; group++) {
    float32x4_t inputs[8];
    uint32x4_t largest = vdupq_n_u32(0);
    for (int i = 0; i < 8; i++) {
      inputs[i] = vld1q_f32(x + group * kGroupInputs + i * 4);
      largest = vmaxq_u32(largest, vandq_u32(vreinterpretq_u32_f32(inputs[i]), vdupq_n_u32(0x7fffffffu)));
    }
    const std::uint32_t bits = vmaxvq_u32(largest);
    const float absmax = float_of(bits);
    const bool finite = bits < 0x7f800000u;
    const bool zero = finite && absmax < 1e-30f;
    const float inverse = zero ? 0.0f : 127.0f / absmax;
    const int32x4_t keep = vdupq_n_s32(finite && !zero ? -1 : 0);
    std::uint8_t* record = records + group * kByteRecord;
    int32x4_t total = vdupq_n_s32(0);
    for (int i = 0; i < 4; i++) {
      const int32x4_t first = vandq_s32(keep, vcvtnq_s32_f32(vmulq_n_f32(inputs[2 * i], inverse)));
      const int32x4_t second = vandq_s32(keep, vcvtnq_s32_f32(vmulq_n_f32(inputs[2 * i + 1], inverse)));
      total = vaddq_s32(total, vaddq_s32(first, second));
      const int16x8_t wide = vcombine_s16(vmovn_s32(first), vmovn_s32(second));
      vst1_u8(record + i * 8, vreinterpret_u8_s8(vmovn_s16(wide)));
    }
    const float scale = zero ? 0.0f : (finite ? absmax / 127.0f : std::nanf(""));
    const std::int32_t start = -stored_offset(format) * vaddvq_s32(total);
    std::memcpy(record + 32, &scale, sizeof scale);
    std::memcpy(record + 36, &start, sizeof start);
  }
}

}  // namespace firstbyte
