// f32, bf16 and f16 weights on AVX2 with FMA and F16C, float arithmetic. Six rows x 16 outputs: 12 sums, two vectors of
// weights and one broadcast input in 16 registers.
#include <immintrin.h>

#include <cstring>

#include "linear/walk.h"

namespace firstbyte {
namespace {

template <Format F>
inline __m256 load_weights(const std::uint8_t* block, int half) {
  if constexpr (F == Format::F32) {
    return _mm256_castsi256_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(block + half * 32)));
  } else {
    const __m128i halves = _mm_load_si128(reinterpret_cast<const __m128i*>(block + half * 16));
    if constexpr (F == Format::F16) return _mm256_cvtph_ps(halves);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
}

inline __m256 broadcast(const std::uint8_t* from) {
  float value;
  std::memcpy(&value, from, sizeof value);
  return _mm256_set1_ps(value);
}

template <Format F>
struct FloatTile {
  static constexpr int kRows = 6;
  static constexpr int kPanels = 1;
  static constexpr int kChunk = 128;
  static constexpr bool kFixedChunk = true;
  static constexpr int kBlock = F == Format::F32 ? 64 : 32;
  static constexpr int kPrefetch = 1024;  // bytes ahead

  template <int R, int C>
  static void run(const TileArgs& args) {
    __m256 sums[R][2];
    for (int r = 0; r < R; r++) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
    for (std::ptrdiff_t k = args.begin; k < args.end; k++) {
      const std::uint8_t* from = args.panels[0] + k * kBlock;
      _mm_prefetch(reinterpret_cast<const char*>(from) + kPrefetch, _MM_HINT_T0);
      const __m256 first = load_weights<F>(from, 0);
      const __m256 second = load_weights<F>(from, 1);
      for (int r = 0; r < R; r++) {
        const __m256 input = broadcast(args.values + static_cast<std::size_t>(r) * args.stride + k * 4);
        sums[r][0] = _mm256_fmadd_ps(first, input, sums[r][0]);
        sums[r][1] = _mm256_fmadd_ps(second, input, sums[r][1]);
      }
    }
    for (int r = 0; r < R; r++) {
      for (int half = 0; half < 2; half++) {
        float* to = args.sums + r * kPanelOutputs + half * 8;
        _mm256_store_ps(to, args.resume ? _mm256_add_ps(_mm256_load_ps(to), sums[r][half]) : sums[r][half]);
      }
    }
  }
};

}  // namespace

void f32_avx2(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::F32>>(matrix, rows, out, first_panel, last_panel);
}

void bf16_avx2(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::BF16>>(matrix, rows, out, first_panel, last_panel);
}

void f16_avx2(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<FloatTile<Format::F16>>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
