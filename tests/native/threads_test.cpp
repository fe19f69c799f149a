// The thread pool and the checksum that runs on it.
#include <atomic>
#include <thread>

#include "check.h"
#include "checksum.h"
#include "thread_pool.h"

namespace firstbyte {
namespace {

void test_every_thread_runs_every_region(int num_threads) {
  ThreadPool pool(num_threads);
  std::vector<int> counts(static_cast<size_t>(num_threads) * 16);  // apart, so that nothing is shared
  for (int region = 0; region < 5000; ++region) {
    pool.run([&](int thread, int size) {
      CHECK(size == num_threads, "%d threads", size);
      ++counts[static_cast<size_t>(thread) * 16];
    });
  }
  for (int thread = 0; thread < num_threads; ++thread) CHECK(counts[static_cast<size_t>(thread) * 16] == 5000, "thread %d", thread);
}

void test_threads_wake_from_sleep() {
  ThreadPool pool(3);
  std::atomic<int> count{0};
  for (int region = 0; region < 20; ++region) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    pool.run([&](int, int) { ++count; });
  }
  CHECK(count == 60, "%d", count.load());
}

void test_each_item_is_done_once() {
  ThreadPool pool(4);
  std::vector<std::atomic<int>> done(1000);
  pool.for_each(1000, [&](int item, int) { ++done[static_cast<size_t>(item)]; });
  for (const auto& count : done) CHECK(count == 1, "%d", count.load());
}

void test_checksum_notices_every_byte() {
  std::vector<uint8_t> data(5'000'003, 7);
  ThreadPool one(1), three(3);
  const uint64_t whole = checksum(data.data(), data.size(), one);
  CHECK(whole == checksum(data.data(), data.size(), three), "threads change the checksum");
  CHECK(whole != checksum(data.data(), data.size() - 1, one), "length");
  for (size_t at : {size_t{0}, size_t{63}, size_t{1'000'000}, size_t{4'194'303}, size_t{5'000'002}}) {
    data[at] ^= 1;
    CHECK(checksum(data.data(), data.size(), one) != whole, "byte %zu", at);
    data[at] ^= 1;
  }
}

}  // namespace
}  // namespace firstbyte

int main() {
  using namespace firstbyte;
  for (int num_threads : {1, 2, 3, 8}) test_every_thread_runs_every_region(num_threads);
  test_threads_wake_from_sleep();
  test_each_item_is_done_once();
  test_checksum_notices_every_byte();
  return firstbyte_test::num_failures;
}
