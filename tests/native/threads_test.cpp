// The thread pool and the checksum that runs on it.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "check.h"
#include "checksum.h"
#include "core_share.h"
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
  for (int thread = 0; thread < num_threads; ++thread) {
    CHECK(counts[static_cast<size_t>(thread) * 16] == 5000, "thread %d", thread);
  }
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

// Whoever is free takes stretches, so a worker may miss a region, come late to it, or find it closed.
void test_each_stretch_is_done_once(int num_items, int least) {
  ThreadPool pool(4);
  std::vector<std::atomic<int>> done(static_cast<size_t>(num_items));
  const auto count = [&](int first, int last, int thread) {
    CHECK(first < last && thread < pool.num_used(), "%d .. %d by %d", first, last, thread);
    CHECK(last - first >= least || last == num_items, "%d .. %d is too short", first, last);
    for (int item = first; item < last; ++item) ++done[static_cast<size_t>(item)];
  };
  for (int region = 0; region < 3000; ++region) {
    pool.use(1 + region % 4);
    pool.for_stretches(num_items, least, count);
    if (region % 7 == 0) pool.run([](int, int) {});  // for which all are waited for, the late ones too
  }
  for (const auto& times : done) CHECK(times == 3000, "%d", times.load());
}

void test_threads_that_are_not_in_use_are_left_out() {
  ThreadPool pool(4);
  std::vector<int> counts(4 * 16);
  for (int region = 0; region < 3000; ++region) {
    const int num_used = 1 + region % 4;
    pool.use(num_used);
    pool.run([&](int thread, int size) {
      CHECK(size == num_used, "%d threads", size);
      ++counts[static_cast<size_t>(thread) * 16];
    });
  }
  for (int thread = 0; thread < 4; ++thread) {
    CHECK(counts[static_cast<size_t>(thread) * 16] == 750 * (4 - thread), "thread %d", thread);
  }
}

void test_cores_are_shared() {
  const std::string path = "cores_test_" + std::to_string(getpid());
  {
    CoreShare alone("");
    CHECK(alone.begin_step(8) == 8, "without a file");
    CoreShare first(path), second(path);
    CHECK(first.begin_step(8) == 8, "the other has not worked yet");
    CHECK(second.begin_step(8) == 4, "two at work");
    CHECK(second.begin_step(1) == 1, "never none");
    first.end_step();
    CHECK(second.begin_step(8) == 4, "it has just worked");
    std::this_thread::sleep_for(std::chrono::milliseconds(80));
    CHECK(second.begin_step(8) == 8, "it is idle");
    CHECK(first.begin_step(8) == 4, "a long step counts");
    CoreShare third(path);
    CHECK(third.begin_step(9) == 3, "three at work");
  }
  CoreShare later(path);
  CHECK(later.begin_step(8) == 8, "the others are gone");
  std::remove(path.c_str());
}

// What a process leaves that is killed in a step: its id, that it is in a step, and when it began.
void leave_slot(const std::string& path, int32_t pid, int64_t last_ns) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const int32_t head[2] = {pid, 1};
  std::fwrite(head, sizeof head, 1, file);
  std::fwrite(&last_ns, sizeof last_ns, 1, file);
  std::fclose(file);
}

void test_the_dead_take_no_cores() {
  const std::string path = "cores_left_" + std::to_string(getpid());
  const auto num_cores = [&path](int32_t pid, int64_t last_ns) {
    leave_slot(path, pid, last_ns);
    return CoreShare(path).begin_step(8);
  };
  const int64_t second = 1'000'000'000, now = std::chrono::steady_clock::now().time_since_epoch().count();
  const int32_t living = getppid();
  CHECK(num_cores(living, now - 100 * second) == 4, "a long step");
  CHECK(num_cores(living, now - 1000 * second) == 8, "its id is another's now");
  CHECK(num_cores(living, now + 1'000'000 * second) == 8, "left before a restart");
  CHECK(num_cores(0x7ffffff0, now) == 8, "nobody has this id");
  std::remove(path.c_str());
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
  test_threads_that_are_not_in_use_are_left_out();
  test_cores_are_shared();
  test_the_dead_take_no_cores();
  test_each_item_is_done_once();
  for (int num_items : {0, 1, 2, 7, 100}) test_each_stretch_is_done_once(num_items, 1);
  test_each_stretch_is_done_once(100, 6);
  test_checksum_notices_every_byte();
  return firstbyte_test::num_failures;
}
