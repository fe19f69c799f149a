// int8 weights on AVX-512 VNNI: VPDPBUSD adds four products u8 * s8 to each of 16 sums.
//
// Per group of 32 inputs a tile of R rows x C panels does 8RC VPDPBUSD and 3RC instructions on floats (convert, scale,
// add), all on the same two ports: at most 8/11 of the multiply-add rate. Loads (8C of weights, 10R broadcasts) hide
// behind them from 6 x 2 on, and 6 x 2 needs 27 of the 32 registers.
#include <immintrin.h>

#include <cstring>

#include "linear/walk.h"

namespace firstbyte {
namespace {

inline __m512i broadcast4(const std::uint8_t* from) {
  std::int32_t four;
  std::memcpy(&four, from, sizeof four);
  return _mm512_set1_epi32(four);
}

struct Int8Tile {
  static constexpr int kRows = 6;
  static constexpr int kPanels = 2;
  static constexpr int kChunk = 16;
  static constexpr bool kFixedChunk = false;
  static constexpr int kPrefetch = 2048;  // bytes ahead

  template <int R, int C>
  static void run(const TileArgs& args) {
    __m512 sums[R][C];
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) {
        sums[r][c] = args.resume ? _mm512_load_ps(args.sums + (r * C + c) * 16) : _mm512_setzero_ps();
      }
    }
    for (int group = args.begin; group < args.end; group++) add_group<R, C>(args, group, sums);
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) _mm512_store_ps(args.sums + (r * C + c) * 16, sums[r][c]);
    }
  }

  template <int R, int C>
  [[gnu::always_inline]] static inline void add_group(const TileArgs& args, std::ptrdiff_t group, __m512 (&sums)[R][C]) {
    __m512i dots[R][C];
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) dots[r][c] = _mm512_set1_epi32(args.starts[r * args.groups + group]);
    }
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) {
      __m512i weights[C];
      for (int c = 0; c < C; c++) {
        const std::uint8_t* from = args.panels[c] + group * 512 + k * 64;
        weights[c] = _mm512_load_si512(from);
        _mm_prefetch(reinterpret_cast<const char*>(from) + kPrefetch, _MM_HINT_T0);
      }
      for (int r = 0; r < R; r++) {
        const __m512i inputs = broadcast4(args.values + static_cast<std::size_t>(r) * args.stride + group * 32 + k * 4);
        for (int c = 0; c < C; c++) dots[r][c] = _mm512_dpbusd_epi32(dots[r][c], weights[c], inputs);
      }
    }
    for (int c = 0; c < C; c++) {
      const __m512 weight_scales = _mm512_cvtph_ps(
          _mm256_load_si256(reinterpret_cast<const __m256i*>(args.panel_scales[c] + group * 32)));
      for (int r = 0; r < R; r++) {
        const __m512 scales = _mm512_mul_ps(weight_scales, _mm512_set1_ps(args.scales[r * args.groups + group]));
        sums[r][c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r][c]), scales, sums[r][c]);
      }
    }
  }
};

}  // namespace

void int8_avx512vnni(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<Int8Tile>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
