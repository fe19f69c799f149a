// int4 weights on NEON with the dot-product extension: nibbles 0..15 are positive as signed bytes too, so SDOT takes
// them as they are, and sums start at -8 * sum(activations) as on x86.
#include <arm_neon.h>

#include <cstring>

#include "linear/walk.h"

namespace firstbyte {
namespace {

struct Int4Tile {
  static constexpr int kRows = 4;
  static constexpr int kPanels = 1;
  static constexpr int kChunk = 64;
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
    int8x16_t low[R], high[R];
    float scales[R];
    for (int r = 0; r < R; r++) {
      const std::uint8_t* record = records + static_cast<std::size_t>(r) * args.stride;
      std::int32_t start;
      std::memcpy(&scales[r], record + 32, sizeof scales[r]);
      std::memcpy(&start, record + 36, sizeof start);
      for (int i = 0; i < 4; i++) dots[r][i] = vdupq_n_s32(start);
      low[r] = vreinterpretq_s8_u8(vld1q_u8(record));
      high[r] = vreinterpretq_s8_u8(vld1q_u8(record + 16));
    }
    const std::uint8_t* block = args.panels[0] + group * 256;
    add_quarter<R, 0>(block, low, high, dots);
    add_quarter<R, 1>(block, low, high, dots);
    add_quarter<R, 2>(block, low, high, dots);
    add_quarter<R, 3>(block, low, high, dots);
    for (int i = 0; i < 4; i++) {
      const uint8x8_t halves = vld1_u8(args.panel_scales[0] + group * 32 + i * 8);
      const float32x4_t weight_scales = vcvt_f32_f16(vreinterpret_f16_u8(halves));
      for (int r = 0; r < R; r++) {
        float* sums = args.sums + r * kPanelOutputs + i * 4;
        vst1q_f32(sums, vfmaq_f32(vld1q_f32(sums), vcvtq_f32_s32(dots[r][i]), vmulq_n_f32(weight_scales, scales[r])));
      }
    }
  }

  template <int R, int Quarter>
  [[gnu::always_inline]] static inline void add_quarter(const std::uint8_t* block, const int8x16_t (&low)[R],
                                                        const int8x16_t (&high)[R], int32x4_t (&dots)[R][4]) {
    for (int i = 0; i < 4; i++) {
      const uint8x16_t both = vld1q_u8(block + Quarter * 64 + i * 16);
      const int8x16_t first = vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(15)));
      const int8x16_t second = vreinterpretq_s8_u8(vshrq_n_u8(both, 4));
      for (int r = 0; r < R; r++) {
        dots[r][i] = vdotq_laneq_s32(dots[r][i], first, low[r], Quarter);
        dots[r][i] = vdotq_laneq_s32(dots[r][i], second, high[r], Quarter);
      }
    }
  }
};

}  // namespace

void int4_neon(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<Int4Tile>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
