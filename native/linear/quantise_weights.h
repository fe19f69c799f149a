// 32 weights to integers and one f16 scale.
#pragma once

#include <cstdint>

#include "linear/format.h"

namespace firstbyte {

struct QuantisedGroup {
  std::uint16_t scale;               // f16, may be negative for Int4
  std::int8_t values[kGroupInputs];  // Int8: -127..127, Int4: -8..7;  weight = scale * value
};

// Int8: scale = absmax / 127. Int4: the scale, of either sign, of least squared error among a few. Returns false if a
// weight is NaN or Inf, or the scale exceeds what f16 holds (|weight| above some 5e5 for Int4, 8e6 for Int8).
bool quantise_weights(Format format, const float* weights, QuantisedGroup& group);

}  // namespace firstbyte
