#include "limits.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "stopwatch.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace firstbyte {
namespace {


constexpr int kLoops = 100'000;
constexpr int kRepeats = 40;

// The best of many short runs: what the core does when nobody disturbs it.
template <class Loop>
double best_rate(double multiply_adds, Loop loop) {
  double best = 1e9;
  for (int i = 0; i < kRepeats; i++) {
    const Stopwatch watch(1);
    loop();
    best = std::min(best, watch.seconds());
  }
  return multiply_adds / best;
}

#if defined(__x86_64__)
// Twelve independent sums hide the latency of five cycles on two ports.
#define TWELVE(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11)

__attribute__((target("avx512f,avx512vnni"))) void loop_vpdpbusd() {
  __m512i sums[12] = {};
  const __m512i a = _mm512_set1_epi8(1);
  for (int i = 0; i < kLoops; i++) {
#define STEP(n) asm volatile("vpdpbusd %1, %1, %0" : "+v"(sums[n]) : "v"(a));
    TWELVE(STEP)
#undef STEP
  }
}

__attribute__((target("avx512f"))) void loop_fma512() {
  __m512 sums[12] = {};
  const __m512 a = _mm512_set1_ps(0.0f);
  for (int i = 0; i < kLoops; i++) {
#define STEP(n) asm volatile("vfmadd231ps %1, %1, %0" : "+v"(sums[n]) : "v"(a));
    TWELVE(STEP)
#undef STEP
  }
}

__attribute__((target("avx2,fma"))) void loop_fma256() {
  __m256 sums[12] = {};
  const __m256 a = _mm256_set1_ps(0.0f);
  for (int i = 0; i < kLoops; i++) {
#define STEP(n) asm volatile("vfmadd231ps %1, %1, %0" : "+x"(sums[n]) : "x"(a));
    TWELVE(STEP)
#undef STEP
  }
}

__attribute__((target("avx2"))) void loop_madd() {
  __m256i sums[12] = {};
  const __m256i a = _mm256_set1_epi16(1);
  for (int i = 0; i < kLoops; i++) {
#define STEP(n)                                                                \
  {                                                                            \
    __m256i products;                                                          \
    asm volatile("vpmaddwd %2, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sums[n]), "=&x"(products) : "x"(a)); \
  }
    TWELVE(STEP)
#undef STEP
  }
}

__attribute__((target("avx2"))) void loop_maddubs() {
  __m256i sums[12] = {};
  const __m256i a = _mm256_set1_epi8(1);
  for (int i = 0; i < kLoops; i++) {
#define STEP(n)                                                                  \
  {                                                                              \
    __m256i products;                                                            \
    asm volatile("vpmaddubsw %2, %2, %1\n\tvpaddw %1, %0, %0" : "+x"(sums[n]), "=&x"(products) : "x"(a)); \
  }
    TWELVE(STEP)
#undef STEP
  }
}
#endif

std::uint64_t sum_of(const std::uint8_t* data, std::size_t size) {
  // A cache line costs one load: the sum of its first words needs the whole line from memory.
  std::uint64_t sums[4] = {};
  const auto* words = reinterpret_cast<const std::uint64_t*>(data);
  for (std::size_t i = 0; i + 32 <= size / 8; i += 32) {
    __builtin_prefetch(data + i * 8 + 2048);
    __builtin_prefetch(data + i * 8 + 2112);
    __builtin_prefetch(data + i * 8 + 2176);
    __builtin_prefetch(data + i * 8 + 2240);
    for (std::size_t j = 0; j < 4; j++) sums[j] += words[i + j * 8];
  }
  return std::accumulate(sums, sums + 4, std::uint64_t{0});
}

}  // namespace

double multiply_add_rate(Isa isa, Format format) {
#if defined(__x86_64__)
  constexpr double kSteps = 12.0 * kLoops;
  if (isa == Isa::Avx512Vnni) {
    return is_quantised(format) ? best_rate(64 * kSteps, loop_vpdpbusd) : best_rate(16 * kSteps, loop_fma512);
  }
  if (isa == Isa::Avx2) {
    if (format == Format::Int8) return best_rate(16 * kSteps, loop_madd);
    if (format == Format::Int4) return best_rate(32 * kSteps, loop_maddubs);
    return best_rate(8 * kSteps, loop_fma256);
  }
#endif
  (void)isa;
  (void)format;
  return 0.0;
}

double read_bandwidth(const std::uint8_t* data, std::size_t size, ThreadPool& pool) {
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(pool.size()));
  double best = 1e9;
  for (int i = 0; i < 8; i++) {
    const Stopwatch watch(pool.size());
    pool.run([&](int thread, int num_threads) {
      const std::size_t part = size / static_cast<std::size_t>(num_threads) / 256 * 256;
      sums[static_cast<std::size_t>(thread)] = sum_of(data + static_cast<std::size_t>(thread) * part, part);
    });
    best = std::min(best, watch.seconds());
  }
  volatile std::uint64_t kept = std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
  (void)kept;
  return static_cast<double>(size) / best;
}

}  // namespace firstbyte
