// f32, bf16 and f16 weights in plain C++, float arithmetic: the scalar twin of every float kernel.
#include <algorithm>
#include <cstring>

#include "linear/half.h"
#include "linear/walk.h"

namespace firstbyte {
namespace {

template <Format F>
inline float load_weight(const std::uint8_t* block, int output) {
  if constexpr (F == Format::F32) {
    float weight;
    std::memcpy(&weight, block + output * 4, sizeof weight);
    return weight;
  } else {
    std::uint16_t half;
    std::memcpy(&half, block + output * 2, sizeof half);
    return F == Format::F16 ? float_from_f16(half) : float_from_bf16(half);
  }
}

template <Format F>
struct FloatTile {
  static constexpr int kRows = 4;
  static constexpr int kPanels = 1;
  static constexpr int kChunk = 128;
  static constexpr bool kFixedChunk = true;
  static constexpr int kBlock = F == Format::F32 ? 64 : 32;

  template <int R, int C>
  static void run(const TileArgs& args) {
    float sums[R][kPanelOutputs] = {};
    for (std::ptrdiff_t k = args.begin; k < args.end; k++) {
      float weights[kPanelOutputs];
      for (int output = 0; output < kPanelOutputs; output++) {
        weights[output] = load_weight<F>(args.panels[0] + k * kBlock, output);
      }
      for (int r = 0; r < R; r++) {
        float input;
        std::memcpy(&input, args.values + static_cast<std::size_t>(r) * args.stride + k * 4, sizeof input);
        for (int output = 0; output < kPanelOutputs; output++) sums[r][output] += weights[output] * input;
      }
    }
    for (int r = 0; r < R; r++) {
      float* to = args.sums + r * kPanelOutputs;
      for (int output = 0; output < kPanelOutputs; output++) {
        to[output] = args.resume ? to[output] + sums[r][output] : sums[r][output];
      }
    }
  }
};

}  // namespace

void f32_portable(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::F32>>(matrix, rows, out, first_panel, last_panel);
}

void bf16_portable(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::BF16>>(matrix, rows, out, first_panel, last_panel);
}

void f16_portable(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::F16>>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
