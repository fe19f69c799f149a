// The random number of a seed's n-th token: a pure function, so that nothing depends on what else was computed.
#pragma once

#include <cstdint>

namespace firstbyte {

// In [0, 1). The first double of NumPy's Philox4x64-10 with key (seed, 0) and counter (draw, 0, 0, 0), which NumPy steps
// once before use; see `engine/sampling.py`, which draws the same.
double uniform(uint64_t seed, uint64_t draw);

}  // namespace firstbyte
