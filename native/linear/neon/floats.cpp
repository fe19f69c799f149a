// f32, bf16 and f16 weights on NEON, float arithmetic. Four rows x 16 outputs: 16 sums, four vectors of weights.
#include <arm_neon.h>

#include <cstring>

#include "linear/walk.h"

namespace firstbyte {
namespace {

template <Format F>
inline float32x4_t load_weights(const std::uint8_t* block, int quarter) {
  if constexpr (F == Format::F32) return vreinterpretq_f32_u8(vld1q_u8(block + quarter * 16));
  const uint8x8_t halves = vld1_u8(block + quarter * 8);
  if constexpr (F == Format::F16) return vcvt_f32_f16(vreinterpret_f16_u8(halves));
  return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(halves), 16));
}

template <Format F>
struct FloatTile {
  static constexpr int kRows = 4;
  static constexpr int kPanels = 1;
  static constexpr int kChunk = 128;
  static constexpr int kAhead = 1024;
  static constexpr bool kFixedChunk = true;
  static constexpr int kBlock = F == Format::F32 ? 64 : 32;

  template <int R, int C>
  static void run(const TileArgs& args) {
    float32x4_t sums[R][4];
    for (int r = 0; r < R; r++) {
      for (int i = 0; i < 4; i++) sums[r][i] = vdupq_n_f32(0.0f);
    }
    for (std::ptrdiff_t k = args.begin; k < args.end; k++) {
      prefetch(args, 0, k);
      float inputs[R];
      for (int r = 0; r < R; r++) {
        std::memcpy(&inputs[r], args.values + static_cast<std::size_t>(r) * args.stride + k * 4, sizeof inputs[r]);
      }
      for (int i = 0; i < 4; i++) {
        const float32x4_t weights = load_weights<F>(args.panels[0] + k * kBlock, i);
        for (int r = 0; r < R; r++) sums[r][i] = vfmaq_n_f32(sums[r][i], weights, inputs[r]);
      }
    }
    for (int r = 0; r < R; r++) {
      for (int i = 0; i < 4; i++) {
        float* to = args.sums + r * kPanelOutputs + i * 4;
        vst1q_f32(to, args.resume ? vaddq_f32(vld1q_f32(to), sums[r][i]) : sums[r][i]);
      }
    }
  }
};

}  // namespace

void f32_neon(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::F32>>(matrix, rows, out, first_panel, last_panel);
}

void bf16_neon(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::BF16>>(matrix, rows, out, first_panel, last_panel);
}

void f16_neon(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::F16>>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
