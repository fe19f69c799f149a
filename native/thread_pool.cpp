#include "thread_pool.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#if defined(__linux__)
#include <sched.h>
#endif

namespace firstbyte {
namespace {

// About 20 to 50 microseconds: longer than the serial stretch between two regions of a step, shorter than what other
// programs on the machine would notice.
constexpr int kSpins = 2000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(int num_threads) {
  workers_.reserve(static_cast<size_t>(std::max(0, num_threads - 1)));
  for (int thread = 1; thread < num_threads; ++thread) workers_.emplace_back([this, thread] { work(thread); });
}

ThreadPool::~ThreadPool() {
  is_closing_.store(true);
  region_.fetch_add(1);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    has_region_.notify_all();
  }
  for (std::thread& worker : workers_) worker.join();
}

template <class Ready>
void ThreadPool::wait(std::condition_variable& condition, Ready is_ready) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (is_ready()) return;
    pause();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  // Announced before the last look, and looked at by the other side after its change: one of the two sees the other.
  num_sleeping_.fetch_add(1);
  condition.wait(lock, is_ready);
  num_sleeping_.fetch_sub(1);
}

void ThreadPool::dispatch(Function function, void* context) {
  function_ = function;
  context_ = context;
  num_unfinished_.store(static_cast<int>(workers_.size()));
  region_.fetch_add(1);
  if (num_sleeping_.load() > 0) {
    std::lock_guard<std::mutex> lock(mutex_);
    has_region_.notify_all();
  }
  function(context, 0, size());
  wait(is_done_, [this] { return num_unfinished_.load() == 0; });
}

void ThreadPool::work(int thread) {
  for (uint32_t done = 0;;) {
    wait(has_region_, [this, done] { return region_.load() != done; });
    if (is_closing_.load()) return;
    ++done;
    function_(context_, thread, size());
    if (num_unfinished_.fetch_sub(1) == 1 && num_sleeping_.load() > 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      is_done_.notify_one();
    }
  }
}

int num_usable_cores() {
  int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cores = std::max(1, CPU_COUNT(&mask));
  std::ifstream file("/sys/fs/cgroup/cpu.max");  // "<microseconds or max> <period>"
  std::string quota;
  double period = 0;
  if (file >> quota >> period && quota != "max" && period > 0) {
    const int allowed = static_cast<int>(std::ceil(std::atof(quota.c_str()) / period));
    cores = std::max(1, std::min(cores, allowed));
  }
#endif
  return cores;
}

}  // namespace firstbyte
