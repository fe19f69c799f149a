// Keeps a sum in its register, and the additions to it in the order written: left alone, GCC adds products to each other
// first, needs more registers than there are, and keeps sums in memory.
#pragma once

#include <immintrin.h>

namespace firstbyte {
namespace {

[[gnu::always_inline]] inline void pin(__m256i& sum) { asm volatile("" : "+x"(sum)); }

}  // namespace
}  // namespace firstbyte
