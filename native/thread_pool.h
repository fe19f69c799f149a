// Threads that are kept between steps. A step is some hundred short parallel regions with little time between them, so
// a thread spins for a moment before it sleeps; an idle engine costs nothing.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace firstbyte {

// One caller at a time. The caller is thread 0 of every region; `num_threads - 1` more are started.
class ThreadPool {
 public:
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Threads there are; a region may run on fewer.
  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // How many threads take part in the regions to come, from 1 to size(). The others sleep.
  void use(int num_threads);
  int num_used() const { return num_used_; }

  // Calls task(thread, num_threads) once on every thread in use and returns when all are done. The task must not throw,
  // and must not call `run`.
  template <class F>
  void run(F&& task) {
    if (num_used_ == 1) {
      task(0, 1);
      return;
    }
    run_on(task, Attendance::All);
  }

  // Calls task(first, last, thread) for stretches that cover 0 .. num_items - 1, each on whichever thread is free. Even
  // shares would make every region as slow as the thread that the rest of the machine holds up most. A stretch is half of
  // what a thread has still to expect, at least `least` items, so the last to end is short.
  template <class F>
  void for_stretches(int num_items, int least, F&& task) {
    if (num_items <= least || num_used_ == 1) {
      if (num_items > 0) task(0, num_items, 0);
      return;
    }
    std::atomic<int> next{0};
    const auto take = [&](int thread, int num_threads) {
      for (int first = next.load(std::memory_order_relaxed); first < num_items;) {
        const int last = std::min(num_items, first + std::max(least, (num_items - first) / (2 * num_threads)));
        if (!next.compare_exchange_weak(first, last, std::memory_order_relaxed)) continue;
        task(first, last, thread);
        first = next.load(std::memory_order_relaxed);
      }
    };
    run_on(take, Attendance::WhoeverIsFree);
  }

  // Calls task(item, thread) for every item from 0 to num_items - 1, each on whichever thread is free.
  template <class F>
  void for_each(int num_items, F&& task) {
    if (num_items <= 1 || num_used_ == 1) {
      for (int item = 0; item < num_items; ++item) task(item, 0);
      return;
    }
    std::atomic<int> next{0};
    const auto take = [&](int thread, int) {
      for (int item; (item = next.fetch_add(1, std::memory_order_relaxed)) < num_items;) task(item, thread);
    };
    run_on(take, Attendance::WhoeverIsFree);
  }

 private:
  using Function = void (*)(void* context, int thread, int num_threads);

  // Where a thread waits: it spins, then says that it sleeps, looks once more, and sleeps. Whoever it waits for changes
  // what it looks at, then asks whether it sleeps: one of the two always sees the other.
  struct Bed {
    std::atomic<bool> is_asleep{false};
    std::condition_variable is_called;
  };
  struct Worker {
    Bed bed;
    std::thread thread;
  };
  // Who must come to a region. Where threads take what is left, one that the system has not woken by the time that
  // nothing is left is not waited for: on a busy machine that is milliseconds, in each of a step's hundreds of regions.
  enum class Attendance { All, WhoeverIsFree };
  // A region's number, how many threads may still join it, and how many workers did, read and written as one.
  struct Region {
    uint32_t number;
    uint16_t num_threads;  // 0: closed
    uint16_t num_joined;
  };

  template <class F>
  void run_on(F& task, Attendance attendance) {
    dispatch([](void* context, int thread, int num_threads) { (*static_cast<F*>(context))(thread, num_threads); },
             const_cast<void*>(static_cast<const void*>(&task)), attendance);
  }
  void dispatch(Function function, void* context, Attendance attendance);
  int close();
  bool join(int thread, uint32_t done, Region* region);
  void work(int thread, Bed& bed);
  template <class Ready>
  void wait(Bed& bed, Ready is_ready);
  void wake(Bed& bed);

  std::vector<std::unique_ptr<Worker>> workers_;
  int num_used_;
  Function function_ = nullptr;
  void* context_ = nullptr;
  std::atomic<Region> region_{Region{0, 0, 0}};
  std::atomic<int> num_finished_{0};  // workers that have left the region
  std::atomic<bool> is_closing_{false};
  std::mutex mutex_;
  Bed caller_;
};

// Cores that this process may use: its affinity mask, and the quota of its control group.
int num_usable_cores();

}  // namespace firstbyte
