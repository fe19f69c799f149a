// int8 weights on AVX-512 VNNI (dot_tile.h).
#include "linear/avx512vnni/dot_tile.h"

namespace firstbyte {
namespace {

struct Int8Tile {
  static constexpr int kRows = 6;
  static constexpr int kPanels = 2;
  static constexpr int kChunk = 24;
  static constexpr bool kFixedChunk = false;
  static constexpr int kAhead = 8192;

  template <int R, int C>
  static void run(const TileArgs& args) {
    add_groups<R, C>(args, [&](std::ptrdiff_t group, __m512(&sums)[R][C]) __attribute__((always_inline)) {
      add_byte_group<R, C>(args, group, sums);
    });
  }

  template <int R, int C>
  [[gnu::always_inline]] static inline void add_byte_group(const TileArgs& args, std::ptrdiff_t group,
                                                           __m512 (&sums)[R][C]) {
    const std::uint8_t* records = args.values + group * kByteRecord;
    for (int c = 0; c < C; c++) prefetch(args, c, group);
    __m512i dots[R][C];
    start_dots(args, records, dots);
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) {
      __m512i weights[C];
      for (int c = 0; c < C; c++) weights[c] = _mm512_load_si512(args.panels[c] + group * 512 + k * 64);
      for (int r = 0; r < R; r++) {
        const __m512i inputs = broadcast4(records + static_cast<std::size_t>(r) * args.stride + k * 4);
        for (int c = 0; c < C; c++) dots[r][c] = _mm512_dpbusd_epi32(dots[r][c], weights[c], inputs);
      }
    }
    scale_dots(args, group, records, dots, sums);
  }
};

}  // namespace

void int8_avx512vnni(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<Int8Tile>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
