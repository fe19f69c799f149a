// int8 weights in plain C++: the scalar twin of every int8 kernel.
#include <algorithm>
#include <cstring>

#include "linear/half.h"
#include "linear/walk.h"

namespace firstbyte {
namespace {

struct Int8Tile {
  static constexpr int kRows = 4;
  static constexpr int kPanels = 1;
  static constexpr int kChunk = 16;
  static constexpr bool kFixedChunk = false;

  template <int R, int C>
  static void run(const TileArgs& args) {
    for (int r = 0; r < R; r++) {
      float* sums = args.sums + r * kPanelOutputs;
      if (!args.resume) std::fill_n(sums, kPanelOutputs, 0.0f);
      for (int group = args.begin; group < args.end; group++) add_group(args, r, group, sums);
    }
  }

  static void add_group(const TileArgs& args, int row, std::ptrdiff_t group, float* sums) {
    const auto* values = reinterpret_cast<const std::int8_t*>(args.values + static_cast<std::size_t>(row) * args.stride);
    const std::uint8_t* weights = args.panels[0] + group * 512;
    std::int32_t dots[kPanelOutputs];
    std::fill_n(dots, kPanelOutputs, args.starts[row * args.groups + group]);
    for (int k = 0; k < 8; k++) {
      const std::int8_t* inputs = values + group * 32 + k * 4;
      for (int output = 0; output < kPanelOutputs; output++) {
        const std::uint8_t* four = weights + k * 64 + output * 4;
        dots[output] += four[0] * inputs[0] + four[1] * inputs[1] + four[2] * inputs[2] + four[3] * inputs[3];
      }
    }
    const float scale = args.scales[row * args.groups + group];
    for (int output = 0; output < kPanelOutputs; output++) {
      std::uint16_t half;
      std::memcpy(&half, args.panel_scales[0] + group * 32 + output * 2, sizeof half);
      sums[output] += static_cast<float>(dots[output]) * (float_from_f16(half) * scale);
    }
  }
};

}  // namespace

void int8_portable(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<Int8Tile>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
