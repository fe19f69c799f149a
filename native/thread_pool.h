// Threads that are kept between steps. A step is some hundred short parallel regions with little time between them, so
// a thread spins for a moment before it sleeps; an idle engine costs nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace firstbyte {

// One caller at a time. The caller is thread 0 of every region; `num_threads - 1` more are started.
class ThreadPool {
 public:
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls task(thread, num_threads) once on every thread and returns when all are done. The task must not throw, and
  // must not call `run`.
  template <class F>
  void run(F&& task) {
    if (workers_.empty()) {
      task(0, 1);
      return;
    }
    using Task = std::remove_reference_t<F>;
    dispatch([](void* context, int thread, int num_threads) { (*static_cast<Task*>(context))(thread, num_threads); },
             const_cast<void*>(static_cast<const void*>(&task)));
  }

  // Calls task(item) for every item from 0 to num_items - 1, each on whichever thread is free.
  template <class F>
  void for_each(int num_items, F&& task) {
    if (num_items <= 1 || workers_.empty()) {
      for (int item = 0; item < num_items; ++item) task(item, 0);
      return;
    }
    std::atomic<int> next{0};
    run([&](int thread, int) {
      for (int item; (item = next.fetch_add(1, std::memory_order_relaxed)) < num_items;) task(item, thread);
    });
  }

 private:
  using Function = void (*)(void* context, int thread, int num_threads);

  void dispatch(Function function, void* context);
  void work(int thread);
  // Waits until is_ready() holds: spins a little, then sleeps on `condition`.
  template <class Ready>
  void wait(std::condition_variable& condition, Ready is_ready);

  std::vector<std::thread> workers_;
  Function function_ = nullptr;
  void* context_ = nullptr;
  std::atomic<uint32_t> region_{0};      // grows by one for each region; read by workers
  std::atomic<int> num_unfinished_{0};   // workers still in the region; read by the caller
  std::atomic<bool> is_closing_{false};
  std::atomic<int> num_sleeping_{0};     // threads in `wait` that must be notified
  std::mutex mutex_;
  std::condition_variable has_region_;
  std::condition_variable is_done_;
};

// Cores that this process may use: its affinity mask, and the quota of its control group.
int num_usable_cores();

}  // namespace firstbyte
