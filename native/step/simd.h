// Vectors of float32 as wide as the instruction set that the including file is compiled for.
//
// The step's kernels are written once over `Lanes` and compiled once for each instruction set, in a namespace of its own
// (`FIRSTBYTE_STEP_ISA`, given by the build). They use nothing of the standard library: a template instantiated in a
// file with wide instructions could be the copy that the linker keeps for everybody.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace firstbyte::FIRSTBYTE_STEP_ISA {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Lanes __attribute__((vector_size(kLanes * 4)));
typedef int32_t IntLanes __attribute__((vector_size(kLanes * 4)));

static inline Lanes load(const float* from) {
  Lanes lanes;
  memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

static inline void store(float* to, Lanes lanes) { memcpy(to, &lanes, sizeof lanes); }

static inline Lanes splat(float value) { return value - Lanes{}; }

static inline Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }

static inline float sum(Lanes lanes) {
  float total = 0;
  for (int i = 0; i < kLanes; ++i) total += lanes[i];
  return total;
}

static inline float largest(Lanes lanes) {
  float best = lanes[0];
  for (int i = 1; i < kLanes; ++i) best = lanes[i] > best ? lanes[i] : best;
  return best;
}

// e^x for x <= 0 to about one unit in the last place; exactly 0 below -87.3, where float32 ends. As in Cephes' expf:
// x = n ln 2 + r, then a polynomial in r.
static inline Lanes exp_negative(Lanes x) {
  const Lanes lowest = splat(-87.3365f);
  const Lanes clamped = x < lowest ? lowest : x;
  const Lanes shifted = clamped * splat(1.44269504088896341f) + splat(12582912.0f);  // rounds: 1.5 * 2^23
  const Lanes n = shifted - splat(12582912.0f);
  Lanes r = clamped - n * splat(0.693359375f);
  r = r - n * splat(-2.12194440e-4f);
  Lanes poly = splat(1.9875691500e-4f);
  poly = poly * r + splat(1.3981999507e-3f);
  poly = poly * r + splat(8.3334519073e-3f);
  poly = poly * r + splat(4.1665795894e-2f);
  poly = poly * r + splat(1.6666665459e-1f);
  poly = poly * r + splat(5.0000001201e-1f);
  const Lanes mantissa = poly * (r * r) + r + splat(1.0f);
  const IntLanes exponent = (__builtin_convertvector(n, IntLanes) + 127) << 23;
  Lanes scale;
  memcpy(&scale, &exponent, sizeof scale);
  const Lanes result = mantissa * scale;
  return x < lowest ? Lanes{} : result;
}

constexpr int kDoubles = kLanes / 2;

typedef double Doubles __attribute__((vector_size(kLanes * 4)));
typedef int64_t LongLanes __attribute__((vector_size(kLanes * 4)));

static inline Doubles splat(double value) { return value - Doubles{}; }

static inline Doubles load_doubles(const float* from) {
  float values __attribute__((vector_size(kLanes * 2)));
  memcpy(&values, from, sizeof values);
  return __builtin_convertvector(values, Doubles);
}

static inline void store(double* to, Doubles doubles) { memcpy(to, &doubles, sizeof doubles); }

// e^x for x <= 0 to about one unit in the last place; exactly 0 below -708, where float64 ends. x = n ln 2 + r, then
// the Taylor series in r, |r| <= ln 2 / 2, whose rest is below 2^-57.
static inline Doubles exp_negative(Doubles x) {
  const Doubles lowest = splat(-708.0);
  const Doubles clamped = x < lowest ? lowest : x;
  const Doubles shifted = clamped * splat(1.4426950408889634) + splat(6755399441055744.0);  // rounds: 1.5 * 2^52
  const Doubles n = shifted - splat(6755399441055744.0);
  Doubles r = clamped - n * splat(6.93147180369123816490e-01);
  r = r - n * splat(1.90821492927058770002e-10);
  Doubles series = splat(1.0 / 6227020800);
  const double factorials[] = {479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1};
  for (double factorial : factorials) series = series * r + splat(1.0 / factorial);
  LongLanes power, bits;  // n is in the low bits of `shifted`
  memcpy(&power, &shifted, sizeof power);
  memcpy(&bits, &series, sizeof bits);
  bits += power << 52;
  memcpy(&series, &bits, sizeof series);
  return x < lowest ? Doubles{} : series;
}

// IEEE 754 half precision, by bits: what every instruction set can do.
static inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t magnitude = half & 0x7fff;
  // Multiplying by 2^112 moves the exponent's bias and makes subnormal numbers normal; infinity keeps all its bits.
  const uint32_t bits = magnitude << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  value *= 5.192296858534828e33f;
  uint32_t result;
  memcpy(&result, &value, sizeof result);
  if (magnitude >= 0x7c00) result |= 0x7f800000;
  result |= sign;
  memcpy(&value, &result, sizeof value);
  return value;
}

// Rounds to nearest, ties to even; the value must be within what half precision holds.
static inline uint16_t float_to_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = (bits >> 16) & 0x8000;
  bits &= 0x7fffffff;
  if (bits < 0x38800000) {  // becomes subnormal: adding 0.5 puts the bits where they belong, rounded
    float magnitude;
    memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude += 0.5f;
    memcpy(&bits, &magnitude, sizeof bits);
    return static_cast<uint16_t>(sign | (bits - 0x3f000000));
  }
  bits += 0xc8000fff + ((bits >> 13) & 1);  // rebias by -112, then round to nearest even
  return static_cast<uint16_t>(sign | (bits >> 13));
}

static inline Lanes load_half(const uint16_t* from) {
#if defined(__AVX512F__)
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif defined(__AVX2__) && defined(__F16C__)
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#elif defined(__aarch64__)
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from)));
#else
  Lanes lanes{};
  for (int i = 0; i < kLanes; ++i) lanes[i] = half_to_float(from[i]);
  return lanes;
#endif
}

static inline Lanes load_int8(const int8_t* from) {
  typedef int8_t Bytes __attribute__((vector_size(kLanes)));
  Bytes bytes;
  memcpy(&bytes, from, sizeof bytes);
  return __builtin_convertvector(__builtin_convertvector(bytes, IntLanes), Lanes);
}

}  // namespace firstbyte::FIRSTBYTE_STEP_ISA
