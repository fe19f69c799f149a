#include "random.h"

namespace firstbyte {
namespace {

// Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3": multipliers and Weyl constants.
constexpr uint64_t kMultipliers[2] = {0xD2E7470EE14C6C93, 0xCA5A826395121157};
constexpr uint64_t kWeyl[2] = {0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B};
constexpr int kRounds = 10;

void multiply(uint64_t a, uint64_t b, uint64_t* high, uint64_t* low) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  *high = static_cast<uint64_t>(product >> 64);
  *low = static_cast<uint64_t>(product);
}

}  // namespace

double uniform(uint64_t seed, uint64_t draw) {
  const uint64_t first = draw + 1;
  uint64_t counter[4] = {first, first == 0 ? 1ULL : 0ULL, 0, 0};
  uint64_t key[2] = {seed, 0};
  for (int round = 0; round < kRounds; ++round) {
    uint64_t high0, low0, high1, low1;
    multiply(kMultipliers[0], counter[0], &high0, &low0);
    multiply(kMultipliers[1], counter[2], &high1, &low1);
    const uint64_t next[4] = {high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0};
    for (int i = 0; i < 4; ++i) counter[i] = next[i];
    key[0] += kWeyl[0];
    key[1] += kWeyl[1];
  }
  return static_cast<double>(counter[0] >> 11) * (1.0 / 9007199254740992.0);
}

}  // namespace firstbyte
