// How long something took.
#pragma once

#include <chrono>
#include <ctime>

namespace firstbyte {

// With one thread, the processor time of that thread: neighbours on the machine then cost nothing but their share of the
// caches. With several, the time on the wall.
class Stopwatch {
 public:
  explicit Stopwatch(int num_threads) : is_wall_(num_threads > 1), start_(now()) {}
  double seconds() const { return now() - start_; }

 private:
  double now() const {
    if (is_wall_) {
      return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  bool is_wall_;
  double start_;
};

}  // namespace firstbyte
