// int8 weights on AVX2, exact. VPMADDUBSW would saturate (2 * 255 * 127 does not fit 16 bits), so bytes are split into
// 16-bit lanes and multiplied by VPMADDWD, which is exact.
//
// Of four weights w0 w1 w2 w3 of one output, one AND leaves the lanes (w0, w2) and one shift (w1, w3): no widening
// shuffles, if the activations lie in the order 0 2 1 3 (ActivationLayout::WideSwapped).
#include <immintrin.h>

#include <cstring>

#include "linear/avx2/pin.h"
#include "linear/walk.h"

namespace firstbyte {
namespace {

inline __m256i broadcast4(const std::uint8_t* from) {
  std::int32_t four;
  std::memcpy(&four, from, sizeof four);
  return _mm256_set1_epi32(four);
}

struct Int8Tile {
  static constexpr int kRows = 4;  // 8 integer sums; the float sums stay in the first cache
  static constexpr int kPanels = 1;
  static constexpr int kChunk = 32;
  static constexpr bool kFixedChunk = false;
  static constexpr int kAhead = 8192;

  template <int R, int C>
  static void run(const TileArgs& args) {
    if (!args.resume) std::fill_n(args.sums, R * kPanelOutputs, 0.0f);
    for (int group = args.begin; group < args.end; group++) add_group<R>(args, group);
  }

  template <int R>
  [[gnu::always_inline]] static inline void add_group(const TileArgs& args, std::ptrdiff_t group) {
    const std::uint8_t* records = args.values + group * kWideRecord;
    prefetch(args, 0, group);
    const __m256i even = _mm256_set1_epi32(0x00ff00ff);
    __m256i dots[R][2];
    for (int r = 0; r < R; r++) {
      dots[r][0] = dots[r][1] = broadcast4(records + static_cast<std::size_t>(r) * args.stride + 68);
    }
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) {
      const std::uint8_t* from = args.panels[0] + group * 512 + k * 64;
      const std::uint8_t* inputs = records + k * 8;
      __m256i first[2], second[2];
      for (int half = 0; half < 2; half++) {
        const __m256i fours = _mm256_load_si256(reinterpret_cast<const __m256i*>(from + half * 32));
        first[half] = _mm256_and_si256(fours, even);
        second[half] = _mm256_srli_epi16(fours, 8);
      }
      for (int r = 0; r < R; r++) {
        const std::uint8_t* row = inputs + static_cast<std::size_t>(r) * args.stride;
        const __m256i x02 = broadcast4(row);
        for (int half = 0; half < 2; half++) {
          dots[r][half] = _mm256_add_epi32(dots[r][half], _mm256_madd_epi16(first[half], x02));
          pin(dots[r][half]);
        }
        const __m256i x13 = broadcast4(row + 4);
        for (int half = 0; half < 2; half++) {
          dots[r][half] = _mm256_add_epi32(dots[r][half], _mm256_madd_epi16(second[half], x13));
          pin(dots[r][half]);
        }
      }
    }
    for (int half = 0; half < 2; half++) {
      const __m256 weight_scales = _mm256_cvtph_ps(
          _mm_load_si128(reinterpret_cast<const __m128i*>(args.panel_scales[0] + group * 32 + half * 16)));
      for (int r = 0; r < R; r++) {
        float* sums = args.sums + r * kPanelOutputs + half * 8;
        const __m256i row_scale = broadcast4(records + static_cast<std::size_t>(r) * args.stride + 64);
        const __m256 scales = _mm256_mul_ps(weight_scales, _mm256_castsi256_ps(row_scale));
        _mm256_store_ps(sums, _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[r][half]), scales, _mm256_load_ps(sums)));
      }
    }
  }
};

}  // namespace

void int8_avx2(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<Int8Tile>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
