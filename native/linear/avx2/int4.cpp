// int4 weights on AVX2: VPMADDUBSW multiplies unsigned nibbles by signed bytes and adds pairs in 16 bits. All eight
// pairs of a group fit a 16-bit lane, 8 * 2 * 15 * 127 = 30480 < 32768, so one widening VPMADDWD per group is enough.
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

struct Int4Tile {
  static constexpr int kRows = 5;
  static constexpr int kPanels = 1;
  static constexpr int kChunk = 64;
  static constexpr bool kFixedChunk = false;
  static constexpr int kAhead = 8192;

  template <int R, int C>
  static void run(const TileArgs& args) {
    if (!args.resume) std::fill_n(args.sums, R * kPanelOutputs, 0.0f);
    for (int group = args.begin; group < args.end; group++) add_group<R>(args, group);
  }

  template <int R>
  [[gnu::always_inline]] static inline void add_group(const TileArgs& args, std::ptrdiff_t group) {
    const std::uint8_t* records = args.values + group * kByteRecord;
    prefetch(args, 0, group);
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i pairs[R][2];
    for (int r = 0; r < R; r++) pairs[r][0] = pairs[r][1] = _mm256_setzero_si256();
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      const std::uint8_t* from = args.panels[0] + group * 256 + k * 64;
      const std::uint8_t* inputs = records + k * 4;
      // One pair of vectors at a time: with all four alive, five rows of sums would not fit.
      for (int high = 0; high < 2; high++) {
        __m256i weights[2];
        for (int half = 0; half < 2; half++) {
          const __m256i both = _mm256_load_si256(reinterpret_cast<const __m256i*>(from + half * 32));
          weights[half] = _mm256_and_si256(high == 0 ? both : _mm256_srli_epi16(both, 4), nibble);
        }
        for (int r = 0; r < R; r++) {
          const __m256i x = broadcast4(inputs + static_cast<std::size_t>(r) * args.stride + high * 16);
          for (int half = 0; half < 2; half++) {
            pairs[r][half] = _mm256_add_epi16(pairs[r][half], _mm256_maddubs_epi16(weights[half], x));
            pin(pairs[r][half]);
          }
        }
      }
    }
    const __m256i ones = _mm256_set1_epi16(1);
    for (int half = 0; half < 2; half++) {
      const __m256 weight_scales = _mm256_cvtph_ps(
          _mm_load_si128(reinterpret_cast<const __m128i*>(args.panel_scales[0] + group * 32 + half * 16)));
      for (int r = 0; r < R; r++) {
        float* sums = args.sums + r * kPanelOutputs + half * 8;
        const __m256i start = broadcast4(records + static_cast<std::size_t>(r) * args.stride + 36);
        const __m256i dots = _mm256_add_epi32(start, _mm256_madd_epi16(pairs[r][half], ones));
        const __m256i row_scale = broadcast4(records + static_cast<std::size_t>(r) * args.stride + 32);
        const __m256 scales = _mm256_mul_ps(weight_scales, _mm256_castsi256_ps(row_scale));
        _mm256_store_ps(sums, _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), scales, _mm256_load_ps(sums)));
      }
    }
  }
};

}  // namespace

void int4_avx2(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  walk<Int4Tile>(matrix, rows, out, first_panel, last_panel);
}

}  // namespace firstbyte
