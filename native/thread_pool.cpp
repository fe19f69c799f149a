#include "thread_pool.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

#if defined(__linux__)
#include <sched.h>
#endif

namespace firstbyte {
namespace {

// Longer than the serial stretch between two regions of a step, shorter than what others on the machine would notice.
constexpr std::chrono::microseconds kSpin{40};
constexpr int kPausesPerLook = 16;  // at the clock

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(int num_threads) : num_used_(std::max(1, num_threads)) {
  for (int thread = 1; thread < num_threads; ++thread) {
    workers_.push_back(std::make_unique<Worker>());
    Worker& worker = *workers_.back();
    worker.thread = std::thread([this, thread, &worker] { work(thread, worker.bed); });
  }
}

ThreadPool::~ThreadPool() {
  is_closing_.store(true);
  for (const auto& worker : workers_) wake(worker->bed);
  for (const auto& worker : workers_) worker->thread.join();
}

void ThreadPool::use(int num_threads) { num_used_ = std::min(std::max(1, num_threads), size()); }

template <class Ready>
void ThreadPool::wait(Bed& bed, Ready is_ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      if (is_ready()) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  std::unique_lock<std::mutex> lock(mutex_);
  bed.is_asleep.store(true);
  bed.is_called.wait(lock, is_ready);
  bed.is_asleep.store(false);
}

void ThreadPool::wake(Bed& bed) {
  if (!bed.is_asleep.load()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  bed.is_called.notify_one();
}

void ThreadPool::dispatch(Function function, void* context, Attendance attendance) {
  function_ = function;
  context_ = context;
  num_finished_.store(0);
  region_.store({region_.load().number + 1, static_cast<uint16_t>(num_used_), 0});
  for (int thread = 1; thread < num_used_; ++thread) wake(workers_[static_cast<size_t>(thread - 1)]->bed);
  function(context, 0, num_used_);
  const int num_joined = attendance == Attendance::All ? num_used_ - 1 : close();
  wait(caller_, [this, num_joined] { return num_finished_.load() == num_joined; });
}

// Lets nobody join any more; says how many did.
int ThreadPool::close() {
  Region region = region_.load();
  while (!region_.compare_exchange_weak(region, {region.number, 0, region.num_joined})) {
  }
  return region.num_joined;
}

// Whether the thread may take part in a region that it has not been in. If so, the region does not end without it, and
// what it is to run stays.
bool ThreadPool::join(int thread, uint32_t done, Region* region) {
  *region = region_.load();
  while (region->number != done && thread < static_cast<int>(region->num_threads)) {
    const Region joined{region->number, region->num_threads, static_cast<uint16_t>(region->num_joined + 1)};
    if (region_.compare_exchange_weak(*region, joined)) return true;
  }
  return false;
}

void ThreadPool::work(int thread, Bed& bed) {
  Region region{0, 0, 0};
  for (uint32_t done = 0;;) {
    bool is_in = false;
    wait(bed, [&] { return is_closing_.load() || (is_in = join(thread, done, &region)); });
    if (!is_in) return;
    done = region.number;
    function_(context_, thread, static_cast<int>(region.num_threads));
    num_finished_.fetch_add(1);
    wake(caller_);
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
