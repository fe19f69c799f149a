// A test framework of a few lines: CHECK counts and reports, main returns the count of failures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <random>
#include <vector>

namespace firstbyte_test {

inline int num_failures = 0;

#define CHECK(condition, ...)                                        \
  do {                                                               \
    if (!(condition)) {                                              \
      ++firstbyte_test::num_failures;                                \
      std::printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);    \
      std::printf(__VA_ARGS__);                                      \
      std::printf("\n");                                             \
    }                                                                \
  } while (false)

// Bytes that start on a 64-byte boundary, as packed matrices must; exactly as many as asked for, so that a sanitizer
// sees the first byte read beyond.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::size_t size) : data_(static_cast<std::uint8_t*>(::operator new(size, kAlignment))) {}
  std::uint8_t* data() { return data_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(std::uint8_t* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<std::uint8_t, Free> data_;
};

inline std::vector<float> gaussian(std::size_t count, std::uint32_t seed, float deviation = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

}  // namespace firstbyte_test
