#include "checksum.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace firstbyte {
namespace {

// FNV-1a over 64-bit words in eight independent lanes, so that the multiplications overlap.
constexpr uint64_t kPrime = 0x100000001B3, kStart = 0xCBF29CE484222325;
constexpr size_t kLanes = 8, kStripeBytes = kLanes * 8;
constexpr size_t kPieceBytes = size_t{1} << 22;

uint64_t hash_piece(const uint8_t* data, size_t num_bytes) {
  uint64_t lanes[kLanes];
  for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = kStart + lane;
  for (size_t at = 0; at < num_bytes; at += kStripeBytes) {
    uint64_t words[kLanes] = {};
    std::memcpy(words, data + at, std::min(kStripeBytes, num_bytes - at));
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = (lanes[lane] ^ words[lane]) * kPrime;
  }
  uint64_t hash = num_bytes;
  for (uint64_t lane : lanes) hash = (hash ^ lane) * kPrime;
  return hash;
}

}  // namespace

uint64_t checksum(const uint8_t* data, size_t num_bytes, ThreadPool& pool) {
  std::vector<uint64_t> hashes((num_bytes + kPieceBytes - 1) / kPieceBytes);
  pool.for_each(static_cast<int>(hashes.size()), [&](int piece, int) {
    const size_t from = static_cast<size_t>(piece) * kPieceBytes;
    hashes[static_cast<size_t>(piece)] = hash_piece(data + from, std::min(kPieceBytes, num_bytes - from));
  });
  uint64_t hash = kStart;
  for (uint64_t piece : hashes) hash = (hash ^ piece) * kPrime;
  return hash;
}

}  // namespace firstbyte
