// Activations to int8 per group of 32, in plain C++: the scalar twin of every quantise kernel, equal to them in every
// bit (a result must not depend on the machine more than it has to).
#include <algorithm>
#include <cmath>

#include "linear/half.h"
#include "linear/kernels.h"

namespace firstbyte {
namespace {

constexpr std::uint32_t kInfinityBits = 0x7f800000u;
constexpr float kZeroBelow = 1e-30f;  // where 127 / absmax would overflow

// Nearest integer, ties to even, for |value| < 2^22: adding 1.5 * 2^23 leaves the integer in the mantissa.
inline int round_to_even(float value) { return static_cast<int>((value + 12582912.0f) - 12582912.0f); }

}  // namespace

void quantise_portable(Format format, const float* x, int num_inputs, std::uint8_t* values, float* scales,
                       std::int32_t* starts) {
  for (int group = 0; group < num_inputs / kGroupInputs; group++) {
    const float* from = x + group * kGroupInputs;
    std::uint8_t* to = values + group * kGroupInputs;
    // Magnitudes compared as integers, so that NaN counts as larger than Inf instead of vanishing in a max().
    std::uint32_t bits = 0;
    for (int i = 0; i < kGroupInputs; i++) bits = std::max(bits, bits_of(from[i]) & 0x7fffffffu);
    const float absmax = float_of(bits);
    if (bits >= kInfinityBits || absmax < kZeroBelow) {
      std::fill_n(to, kGroupInputs, std::uint8_t{0});
      scales[group] = bits >= kInfinityBits ? std::nanf("") : 0.0f;
      starts[group] = 0;
      continue;
    }
    const float inverse = 127.0f / absmax;
    int sum = 0;
    for (int i = 0; i < kGroupInputs; i++) {
      const int q = round_to_even(from[i] * inverse);
      to[i] = static_cast<std::uint8_t>(q);
      sum += q;
    }
    scales[group] = absmax / 127.0f;
    starts[group] = -stored_offset(format) * sum;
  }
}

}  // namespace firstbyte
