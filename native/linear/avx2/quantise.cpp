// Activations to int8 per group of 32, on AVX2. The scalar twin, with the reasons, is portable/quantise.cpp.
#include <immintrin.h>

#include <cstring>

#include "linear/kernels.h"

namespace firstbyte {
namespace {

inline __m128i halves_max(__m256i v) {
  return _mm_max_epu32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}

inline std::uint32_t max_of(__m256i v) {
  __m128i m = halves_max(v);
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4e));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0xb1));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(m));
}

inline std::int32_t sum_of(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  return _mm_cvtsi128_si32(s);
}

// Two vectors of eight int32 to 16 int16 in order.
inline __m256i narrow(__m256i first, __m256i second) {
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xd8);
}

void store_bytes(const __m256i (&q)[4], std::uint8_t* to) {
  const __m256i bytes = _mm256_packs_epi16(narrow(q[0], q[1]), narrow(q[2], q[3]));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute4x64_epi64(bytes, 0xd8));
}

void store_wide_swapped(const __m256i (&q)[4], std::uint8_t* to) {
  const __m256i swap = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  for (int i = 0; i < 2; i++) {
    const __m256i wide = _mm256_shuffle_epi8(narrow(q[2 * i], q[2 * i + 1]), swap);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i * 32), wide);
  }
}

}  // namespace

void quantise_avx2(Format format, const float* x, int num_inputs, std::uint8_t* records) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  const bool wide = format == Format::Int8;
  const int offset = -stored_offset(format);
  for (int group = 0; group < num_inputs / kGroupInputs; group++) {
    __m256 inputs[4];
    __m256i largest = _mm256_setzero_si256();
    for (int i = 0; i < 4; i++) {
      inputs[i] = _mm256_loadu_ps(x + group * 32 + i * 8);
      largest = _mm256_max_epu32(largest, _mm256_and_si256(_mm256_castps_si256(inputs[i]), magnitude));
    }
    const std::uint32_t bits = max_of(largest);
    const float absmax = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(bits))));
    const bool finite = bits < 0x7f800000u;
    const bool zero = finite && absmax < 1e-30f;
    const __m256 inverse = _mm256_set1_ps(zero ? 0.0f : 127.0f / absmax);
    const __m256i keep = _mm256_set1_epi32(finite && !zero ? -1 : 0);
    __m256i q[4];
    for (int i = 0; i < 4; i++) q[i] = _mm256_and_si256(keep, _mm256_cvtps_epi32(_mm256_mul_ps(inputs[i], inverse)));
    const float scale = zero ? 0.0f : (finite ? absmax / 127.0f : __builtin_nanf(""));
    const __m256i total = _mm256_add_epi32(_mm256_add_epi32(q[0], q[1]), _mm256_add_epi32(q[2], q[3]));
    const std::int32_t start = offset * sum_of(total);
    std::uint8_t* record = records + group * (wide ? kWideRecord : kByteRecord);
    if (wide) {
      store_wide_swapped(q, record);
    } else {
      store_bytes(q, record);
    }
    std::uint8_t* tail = record + (wide ? 64 : 32);
    std::memcpy(tail, &scale, sizeof scale);
    std::memcpy(tail + 4, &start, sizeof start);
  }
}

}  // namespace firstbyte
