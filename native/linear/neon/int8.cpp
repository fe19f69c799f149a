// int8 weights on NEON with the dot-product extension: SDOT adds four products s8 * s8 to each of 4 sums, and takes the
// four activations from any quarter of a register.
//
// SDOT multiplies signed by signed, so the stored u = q + 128 becomes q by flipping the top bit, one instruction for 16
// weights of all R rows, and sums start at zero. The group's sums are the same integers as elsewhere.
#include <arm_neon.h>

#include <cstring>

#include "linear/walk.h"

namespace firstbyte {
namespace {

struct Int8Tile {
  static constexpr int kRows = 4;  // 16 sums of 4 outputs each
  static constexpr int kPanels = 1;
  static constexpr int kChunk = 32;
  static constexpr int kAhead = 1024;
  static constexpr bool kFixedChunk = false;

  template <int R, int C>
  static void run(const TileArgs& args) {
    if (!args.resume) std::fill_n(args.sums, R * kPanelOutputs, 0.0f);
    for (int group = args.begin; group < args.end; group++) add_group<R>(args, group);
  }

  template <int R>
  [[gnu::always_inline]] static inline void add_group(const TileArgs& args, std::ptrdiff_t group) {
    const std::uint8_t* records = args.values + group * kByteRecord;
    prefetch(args, 0, group);
    int32x4_t dots[R][4];
    for (int r = 0; r < R; r++) {
      for (int i = 0; i < 4; i++) dots[r][i] = vdupq_n_s32(0);
    }
    add_half<R>(args.panels[0] + group * 512, records, args.stride, dots);
    add_half<R>(args.panels[0] + group * 512 + 256, records + 16, args.stride, dots);
    for (int i = 0; i < 4; i++) {
      const uint8x8_t halves = vld1_u8(args.panel_scales[0] + group * 32 + i * 8);
      const float32x4_t weight_scales = vcvt_f32_f16(vreinterpret_f16_u8(halves));
      for (int r = 0; r < R; r++) {
        float scale;
        std::memcpy(&scale, records + static_cast<std::size_t>(r) * args.stride + 32, sizeof scale);
        float* sums = args.sums + r * kPanelOutputs + i * 4;
        const float32x4_t scales = vmulq_n_f32(weight_scales, scale);
        vst1q_f32(sums, vfmaq_f32(vld1q_f32(sums), vcvtq_f32_s32(dots[r][i]), scales));
      }
    }
  }

  // 16 inputs: four per quarter of the register of activations.
  template <int R>
  [[gnu::always_inline]] static inline void add_half(const std::uint8_t* block, const std::uint8_t* inputs,
                                                     std::size_t stride, int32x4_t (&dots)[R][4]) {
    int8x16_t x[R];
    for (int r = 0; r < R; r++) x[r] = vreinterpretq_s8_u8(vld1q_u8(inputs + static_cast<std::size_t>(r) * stride));
    add_quarter<R, 0>(block, x, dots);
    add_quarter<R, 1>(block, x, dots);
    add_quarter<R, 2>(block, x, dots);
    add_quarter<R, 3>(block, x, dots);
  }

  template <int R, int Quarter>
  [[gnu::always_inline]] static inline void add_quarter(const std::uint8_t* block, const int8x16_t (&x)[R],
                                                        int32x4_t (&dots)[R][4]) {
    for (int i = 0; i < 4; i++) {
      const uint8x16_t stored = vld1q_u8(block + Quarter * 64 + i * 16);
      const int8x16_t weights = vreinterpretq_s8_u8(veorq_u8(stored, vdupq_n_u8(0x80)));
      for (int r = 0; r < R; r++) dots[r][i] = vdotq_laneq_s32(dots[r][i], weights, x[r], Quarter);
    }
  }
};

}  // namespace

void int8_neon(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<Int8Tile>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
