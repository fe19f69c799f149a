// Activations to int8 per group of 32, on AVX-512. The scalar twin, with the reasons, is portable/quantise.cpp.
#include <immintrin.h>

#include "linear/kernels.h"

namespace firstbyte {

void quantise_avx512vnni(Format format, const float* x, int num_inputs, std::uint8_t* values, float* scales,
                         std::int32_t* starts) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  const int offset = -stored_offset(format);
  for (int group = 0; group < num_inputs / kGroupInputs; group++) {
    const __m512 low = _mm512_loadu_ps(x + group * 32);
    const __m512 high = _mm512_loadu_ps(x + group * 32 + 16);
    const __m512i largest = _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(low), magnitude),
                                             _mm512_and_si512(_mm512_castps_si512(high), magnitude));
    const auto bits = static_cast<std::uint32_t>(_mm512_reduce_max_epu32(largest));
    const float absmax = _mm512_cvtss_f32(_mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(bits))));
    const bool finite = bits < 0x7f800000u;
    const bool zero = finite && absmax < 1e-30f;
    const __mmask16 keep = finite && !zero ? 0xffff : 0;
    const __m512 inverse = _mm512_set1_ps(zero ? 0.0f : 127.0f / absmax);
    const __m512i first = _mm512_maskz_cvtps_epi32(keep, _mm512_mul_ps(low, inverse));
    const __m512i second = _mm512_maskz_cvtps_epi32(keep, _mm512_mul_ps(high, inverse));
    scales[group] = zero ? 0.0f : (finite ? absmax / 127.0f : __builtin_nanf(""));
    starts[group] = offset * _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
    __m128i* to = reinterpret_cast<__m128i*>(values + group * 32);
    _mm_storeu_si128(to, _mm512_cvtepi32_epi8(first));
    _mm_storeu_si128(to + 1, _mm512_cvtepi32_epi8(second));
  }
}

}  // namespace firstbyte
