// G multiply-adds per second of the matrix kernels, beside what the machine allows in the same run.
//
//   linear_bench [isa|all] [format|all] [threads|all] [rows|all] [outputs inputs]
//
// Weights are copied until they exceed the last-level cache and the copies are taken in turn, so that few rows read
// from memory, as a model does. Each figure is the best of several runs.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "isa.h"
#include "limits.h"
#include "linear/linear.h"
#include "linear/pack.h"
#include "stopwatch.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace firstbyte {
namespace {

constexpr std::size_t kArenaBytes = std::size_t{768} << 20;
constexpr Format kFormats[] = {Format::F32, Format::BF16, Format::F16, Format::Int8, Format::Int4};
const char* const kFormatNames[] = {"f32", "bf16", "f16", "int8", "int4"};

struct Arena {
  std::uint8_t* data;
  Arena() : data(static_cast<std::uint8_t*>(::operator new(kArenaBytes, std::align_val_t{2 << 20}))) {
#if defined(__linux__)
    madvise(data, kArenaBytes, MADV_HUGEPAGE);
#endif
    std::memset(data, 1, kArenaBytes);
  }
  ~Arena() { ::operator delete(data, std::align_val_t{2 << 20}); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
};

struct Setting {
  Isa isa;
  Format format;
  int rows, outputs, inputs;
};

double best_seconds(const Setting& setting, const Arena& arena, const std::vector<float>& x, ThreadPool& pool) {
  const std::size_t size = packed_bytes(setting.format, setting.outputs, setting.inputs);
  const std::size_t num_copies = kArenaBytes / size;
  std::vector<float> y(static_cast<std::size_t>(setting.rows) * static_cast<std::size_t>(setting.outputs));
  Activations activations;
  double best = 1e9, total = 0.0;
  std::size_t copy = 0;
  // Few rows take a millisecond: one run goes over several copies.
  const int calls = setting.rows < 16 ? 4 : 1;
  for (int run = 0; run < 400 && (run < 5 || total < 0.6); run++) {
    const Stopwatch watch(pool.size());
    for (int call = 0; call < calls; call++) {
      const Matrix matrix{setting.format, setting.outputs, setting.inputs, arena.data + copy * size};
      activations.prepare(x.data(), setting.rows, setting.inputs, setting.format, setting.isa, pool);
      linear(matrix, activations, y.data(), static_cast<std::size_t>(setting.outputs), setting.isa, pool);
      copy = (copy + 1) % num_copies;
    }
    const double taken = watch.seconds();
    best = std::min(best, taken / calls);
    total += taken;
  }
  return best;
}

void report(const Setting& setting, const Arena& arena, const std::vector<float>& x, ThreadPool& pool, double limit,
            double bandwidth) {
  const double seconds = best_seconds(setting, arena, x, pool);
  const double size = static_cast<double>(packed_bytes(setting.format, setting.outputs, setting.inputs));
  const double rate = static_cast<double>(setting.rows) * setting.outputs * setting.inputs / seconds;
  std::printf("%-10s %-5s %dx%d  threads %d  rows %4d  %7.1f G/s", std::string(isa_name(setting.isa)).c_str(),
              kFormatNames[static_cast<int>(setting.format)], setting.outputs, setting.inputs, pool.size(),
              setting.rows, rate / 1e9);
  if (limit > 0) std::printf("  %3.0f %% of the instructions' limit", 100 * rate / (limit * pool.size()));
  std::printf("  %5.1f GB/s, %3.0f %% of memory's\n", size / seconds / 1e9, 100 * size / seconds / bandwidth);
  std::fflush(stdout);
}

void fill(const Setting& setting, const Arena& arena, ThreadPool& pool) {
  std::vector<float> weights(static_cast<std::size_t>(setting.outputs) * static_cast<std::size_t>(setting.inputs));
  std::mt19937 random(1);
  for (float& weight : weights) weight = static_cast<float>(static_cast<int>(random() % 2001) - 1000) * 2e-5f;
  const std::size_t size = packed_bytes(setting.format, setting.outputs, setting.inputs);
  pack(setting.format, weights.data(), setting.outputs, setting.inputs, arena.data, pool);
  for (std::size_t copy = 1; copy < kArenaBytes / size; copy++) std::memcpy(arena.data + copy * size, arena.data, size);
}

bool is_wanted(const std::string& wanted, const std::string& name) { return wanted == "all" || wanted == name; }

}  // namespace
}  // namespace firstbyte

int main(int argc, char** argv) {
  using namespace firstbyte;
  const auto argument = [&](int index) { return std::string(argc > index ? argv[index] : "all"); };
  const Arena arena;
  ThreadPool both(2), one(1);
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> x(512 * 5632);
  for (float& value : x) value = normal(random);
  std::vector<std::pair<int, int>> shapes = {{5632, 2048}, {2048, 2048}};
  if (argc > 6) shapes = {{std::atoi(argv[5]), std::atoi(argv[6])}};
  for (const Format format : kFormats) {
    if (!is_wanted(argument(2), kFormatNames[static_cast<int>(format)])) continue;
    for (const auto& [outputs, inputs] : shapes) {
      fill({Isa::Portable, format, 1, outputs, inputs}, arena, both);
      for (const Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512Vnni, Isa::NeonDot}) {
        if (!is_available(isa) || !is_wanted(argument(1), std::string(isa_name(isa)))) continue;
        const double limit = multiply_add_rate(isa, format);
        for (ThreadPool* pool : {&one, &both}) {
          if (!is_wanted(argument(3), std::to_string(pool->size()))) continue;
          const double bandwidth = read_bandwidth(arena.data, kArenaBytes, *pool);
          std::printf("limits: %.0f G multiply-adds/s a core, %.1f GB/s with %d threads\n", limit / 1e9,
                      bandwidth / 1e9, pool->size());
          for (const int rows : {1, 2, 4, 8, 16, 64, 512}) {
            if (isa == Isa::Portable && rows > 64) continue;
            if (!is_wanted(argument(4), std::to_string(rows))) continue;
            report({isa, format, rows, outputs, inputs}, arena, x, *pool, limit, bandwidth);
          }
        }
      }
    }
  }
  return 0;
}
