// f32, bf16 and f16 weights on AVX-512, float arithmetic: one fused multiply-add for 16 outputs of one input.
#include <immintrin.h>

#include <cstring>

#include "linear/walk.h"

namespace firstbyte {
namespace {

template <Format F>
inline __m512 load_weights(const std::uint8_t* from) {
  if constexpr (F == Format::F32) {
    return _mm512_load_ps(from);
  } else {
    const __m256i halves = _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
    if constexpr (F == Format::F16) return _mm512_cvtph_ps(halves);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
}

inline __m512 broadcast(const std::uint8_t* from) {
  float value;
  std::memcpy(&value, from, sizeof value);
  return _mm512_set1_ps(value);
}

template <Format F>
struct FloatTile {
  static constexpr int kRows = 8;
  static constexpr int kPanels = 3;
  static constexpr int kChunk = 128;
  static constexpr bool kFixedChunk = true;
  static constexpr int kBlock = F == Format::F32 ? 64 : 32;
  static constexpr int kPrefetch = 2048;  // bytes ahead

  template <int R, int C>
  static void run(const TileArgs& args) {
    __m512 sums[R][C];
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) sums[r][c] = _mm512_setzero_ps();
    }
    for (std::ptrdiff_t k = args.begin; k < args.end; k++) {
      __m512 weights[C];
      for (int c = 0; c < C; c++) {
        const std::uint8_t* from = args.panels[c] + k * kBlock;
        weights[c] = load_weights<F>(from);
        _mm_prefetch(reinterpret_cast<const char*>(from) + kPrefetch, _MM_HINT_T0);
      }
      for (int r = 0; r < R; r++) {
        const __m512 input = broadcast(args.values + static_cast<std::size_t>(r) * args.stride + k * 4);
        for (int c = 0; c < C; c++) sums[r][c] = _mm512_fmadd_ps(weights[c], input, sums[r][c]);
      }
    }
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) {
        float* to = args.sums + (r * C + c) * 16;
        _mm512_store_ps(to, args.resume ? _mm512_add_ps(_mm512_load_ps(to), sums[r][c]) : sums[r][c]);
      }
    }
  }
};

}  // namespace

void f32_avx512vnni(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::F32>>(matrix, rows, out, first_panel, last_panel);
}

void bf16_avx512vnni(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::BF16>>(matrix, rows, out, first_panel, last_panel);
}

void f16_avx512vnni(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::F16>>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
