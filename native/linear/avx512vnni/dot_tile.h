// What the int8 and int4 tiles on AVX-512 VNNI share. VPDPBUSD adds four products u8 * s8 to each of 16 sums.
//
// Per group of 32 inputs a tile of R rows x C panels does 8RC VPDPBUSD and 3RC instructions on floats (convert, scale,
// add), all on the same two ports: at most 8/11 of the multiply-add rate. Loads (8C of weights, 10R broadcasts) hide
// behind them from 6 x 2 on, and 6 x 2 needs 27 of the 32 registers.
#pragma once

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

// Runs add_group(group, sums) over the tile's groups, with the sums in registers.
template <int R, int C, class AddGroup>
[[gnu::always_inline]] inline void add_groups(const TileArgs& args, AddGroup add_group) {
  __m512 sums[R][C];
  for (int r = 0; r < R; r++) {
    for (int c = 0; c < C; c++) {
      sums[r][c] = args.resume ? _mm512_load_ps(args.sums + (r * C + c) * 16) : _mm512_setzero_ps();
    }
  }
  for (std::ptrdiff_t group = args.begin; group < args.end; group++) add_group(group, sums);
  for (int r = 0; r < R; r++) {
    for (int c = 0; c < C; c++) _mm512_store_ps(args.sums + (r * C + c) * 16, sums[r][c]);
  }
}

// Where the group's sums start: -offset * sum(activations).
template <int R, int C>
[[gnu::always_inline]] inline void start_dots(const TileArgs& args, const std::uint8_t* records,
                                              __m512i (&dots)[R][C]) {
  for (int r = 0; r < R; r++) {
    const __m512i start = broadcast4(records + static_cast<std::size_t>(r) * args.stride + 36);
    for (int c = 0; c < C; c++) dots[r][c] = start;
  }
}

// sums += scale of the weights * scale of the activations * dots.
template <int R, int C>
[[gnu::always_inline]] inline void scale_dots(const TileArgs& args, std::ptrdiff_t group, const std::uint8_t* records,
                                              const __m512i (&dots)[R][C], __m512 (&sums)[R][C]) {
  for (int c = 0; c < C; c++) {
    const auto* halves = reinterpret_cast<const __m256i*>(args.panel_scales[c] + group * 32);
    const __m512 weight_scales = _mm512_cvtph_ps(_mm256_load_si256(halves));
    for (int r = 0; r < R; r++) {
      const __m512i row_scale = broadcast4(records + static_cast<std::size_t>(r) * args.stride + 32);
      const __m512 scales = _mm512_mul_ps(weight_scales, _mm512_castsi512_ps(row_scale));
      sums[r][c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r][c]), scales, sums[r][c]);
    }
  }
}

}  // namespace
}  // namespace firstbyte
