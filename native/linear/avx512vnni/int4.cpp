// int4 weights on AVX-512 VNNI: nibbles become the unsigned bytes of VPDPBUSD by one AND, or one shift and one AND, 12
// instructions per group and panel for all rows of a tile: at 6 rows at most 8/13 of the multiply-add rate.
#include "linear/avx512vnni/dot_tile.h"

namespace firstbyte {
namespace {

struct Int4Tile {
  static constexpr int kRows = 6;
  static constexpr int kPanels = 2;
  static constexpr int kChunk = 32;
  static constexpr bool kFixedChunk = false;
  static constexpr int kAhead = 8192;

  template <int R, int C>
  static void run(const TileArgs& args) {
    add_groups<R, C>(args, [&](std::ptrdiff_t group, __m512(&sums)[R][C]) __attribute__((always_inline)) {
      add_nibble_group<R, C>(args, group, sums);
    });
  }

  template <int R, int C>
  [[gnu::always_inline]] static inline void add_nibble_group(const TileArgs& args, std::ptrdiff_t group,
                                                             __m512 (&sums)[R][C]) {
    const std::uint8_t* records = args.values + group * kByteRecord;
    const __m512i nibble = _mm512_set1_epi8(15);
    for (int c = 0; c < C; c++) prefetch(args, c, group);
    __m512i dots[R][C];
    start_dots(args, records, dots);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      __m512i low[C], high[C];
      for (int c = 0; c < C; c++) {
        const __m512i both = _mm512_load_si512(args.panels[c] + group * 256 + k * 64);
        low[c] = _mm512_and_si512(both, nibble);
        high[c] = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
      }
      for (int r = 0; r < R; r++) {
        const std::uint8_t* from = records + static_cast<std::size_t>(r) * args.stride + k * 4;
        const __m512i first = broadcast4(from);
        const __m512i second = broadcast4(from + 16);
        for (int c = 0; c < C; c++) dots[r][c] = _mm512_dpbusd_epi32(dots[r][c], low[c], first);
        for (int c = 0; c < C; c++) dots[r][c] = _mm512_dpbusd_epi32(dots[r][c], high[c], second);
      }
    }
    scale_dots(args, group, records, dots, sums);
  }
};

}  // namespace

void int4_avx512vnni(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<Int4Tile>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
