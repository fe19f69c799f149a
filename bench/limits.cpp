// The two limits of this machine, measured when the engines are: JSON on standard output.
//   read_gb_per_s        all threads together reading memory far larger than the caches, 64 bytes at a time
//   *_gmac_per_s         8-bit multiply-adds in registers, all threads together, with the instructions of AVX2
//                        (maddubs, madd, add) and of AVX-512 VNNI (dpbusd), and float32 FMA of AVX2
// Usage: limits THREADS
#include <immintrin.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Runs `task(thread)` on every thread at once; the time of the slowest.
double time_on_all(int num_threads, const std::function<void(int)>& task) {
  std::atomic<int> waiting{num_threads};
  std::vector<std::thread> threads;
  std::vector<double> durations(num_threads);
  for (int i = 0; i < num_threads; ++i) {
    threads.emplace_back([&, i] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      const auto start = Clock::now();
      task(i);
      durations[i] = seconds_since(start);
    });
  }
  for (auto& thread : threads) thread.join();
  double slowest = 0;
  for (double duration : durations) slowest = duration > slowest ? duration : slowest;
  return slowest;
}

std::atomic<int64_t> sink{0};

__attribute__((target("avx2"))) void read_all(const uint8_t* data, size_t num_bytes) {
  __m256i sum[4] = {};
  for (size_t i = 0; i < num_bytes; i += 128) {
    for (int j = 0; j < 4; ++j) {
      sum[j] = _mm256_add_epi64(sum[j], _mm256_load_si256(reinterpret_cast<const __m256i*>(data + i + 32 * j)));
    }
  }
  const __m256i total = _mm256_add_epi64(_mm256_add_epi64(sum[0], sum[1]), _mm256_add_epi64(sum[2], sum[3]));
  sink += _mm256_extract_epi64(total, 0);
}

constexpr int kRounds = 40'000'000;

// Eight independent chains hide the latencies. The empty assembly keeps the operands from being known.
__attribute__((target("avx2"))) void multiply_avx2() {
  __m256i a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(2), ones = _mm256_set1_epi16(1), sums[8] = {};
  for (int i = 0; i < kRounds; ++i) {
    for (auto& sum : sums) {
      asm volatile("" : "+x"(a), "+x"(b));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
    }
  }
  for (auto& sum : sums) sink += _mm256_extract_epi32(sum, 0);
}

__attribute__((target("avx2,fma"))) void multiply_fma() {
  __m256 a = _mm256_set1_ps(1e-9f), b = _mm256_set1_ps(1.0f), sums[10] = {};
  for (int i = 0; i < kRounds; ++i) {
    for (auto& sum : sums) {
      asm volatile("" : "+x"(a), "+x"(b));
      sum = _mm256_fmadd_ps(a, b, sum);
    }
  }
  for (auto& sum : sums) sink += static_cast<int64_t>(_mm256_cvtss_f32(sum));
}

__attribute__((target("avx512f,avx512vnni"))) void multiply_vnni() {
  __m512i a = _mm512_set1_epi32(0x03030303), b = _mm512_set1_epi32(0x02020202), sums[10] = {};
  for (int i = 0; i < kRounds; ++i) {
    for (auto& sum : sums) {
      asm volatile("" : "+v"(a), "+v"(b));
      sum = _mm512_dpbusd_epi32(sum, a, b);
    }
  }
  for (auto& sum : sums) sink += _mm512_reduce_add_epi32(sum);
}

double rate(int num_threads, void (*multiply)(), double per_round) {
  return num_threads * static_cast<double>(kRounds) * per_round / 1e9 /
         time_on_all(num_threads, [&](int) { multiply(); });
}

}  // namespace

int main(int argc, char** argv) {
  const int num_threads = argc > 1 ? std::atoi(argv[1]) : 1;
  constexpr size_t kBytes = size_t{1} << 30;
  auto* data = static_cast<uint8_t*>(std::aligned_alloc(64, kBytes));
  const size_t share = kBytes / num_threads / 128 * 128;
  time_on_all(num_threads, [&](int i) { for (size_t j = 0; j < share; ++j) data[i * share + j] = 1; });
  double best_s = 1e9;
  for (int round = 0; round < 5; ++round) {
    const double duration_s = time_on_all(num_threads, [&](int i) { read_all(data + i * share, share); });
    best_s = duration_s < best_s ? duration_s : best_s;
  }
  const bool has_avx2 = __builtin_cpu_supports("avx2");
  const bool has_vnni = __builtin_cpu_supports("avx512vnni");
  std::printf("{\"threads\": %d, \"read_gb_per_s\": %.2f", num_threads, share * num_threads / best_s / 1e9);
  if (has_avx2) {
    std::printf(", \"avx2_int8_gmac_per_s\": %.1f", rate(num_threads, multiply_avx2, 8 * 32));
    std::printf(", \"avx2_fma_gmac_per_s\": %.1f", rate(num_threads, multiply_fma, 10 * 8));
  }
  if (has_vnni) std::printf(", \"vnni_int8_gmac_per_s\": %.1f", rate(num_threads, multiply_vnni, 10 * 64));
  std::printf("}\n");
  return 0;
}
