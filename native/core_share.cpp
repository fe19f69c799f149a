#include "core_share.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace firstbyte {
namespace {

constexpr int kNumSlots = 64;
// Between two steps an engine is still at work for so long: it is writing its tokens.
constexpr int64_t kPauseNs = 50'000'000;
// No step takes longer. What says so died in it, and another process may have its id now.
constexpr int64_t kLongestStepNs = 600'000'000'000;

int64_t now_ns() {  // the same clock for all processes
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool is_alive(int32_t pid) { return kill(pid, 0) == 0 || errno == EPERM; }

// Gives the file its size and, where the system can, its place on the disk: writing to a mapped page for which there is
// none would end the process. Bytes that are there stay.
bool reserve(int file, off_t size) {
#if defined(__linux__)
  return posix_fallocate(file, 0, size) == 0;
#else
  return ftruncate(file, size) == 0;
#endif
}

}  // namespace

// Zeros, as in a new file, are a free slot.
struct CoreShare::Slot {
  std::atomic<int32_t> pid;
  std::atomic<int32_t> is_in_step;
  std::atomic<int64_t> last_ns;
};

CoreShare::CoreShare(const std::string& path) {
  static_assert(std::atomic<int64_t>::is_always_lock_free, "slots are shared between processes");
  if (path.empty()) return;
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  const size_t size = kNumSlots * sizeof(Slot);
  if (reserve(file, static_cast<off_t>(size))) {
    void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) slots_ = static_cast<Slot*>(mapped);
  }
  close(file);
  if (slots_ != nullptr) own_ = claim_slot();
}

CoreShare::~CoreShare() {
  if (own_ != nullptr) own_->pid.store(0);
  if (slots_ != nullptr) munmap(slots_, kNumSlots * sizeof(Slot));
}

CoreShare::Slot* CoreShare::claim_slot() {
  for (int i = 0; i < kNumSlots; ++i) {
    int32_t pid = slots_[i].pid.load();
    if (pid != 0 && is_alive(pid)) continue;
    if (slots_[i].pid.compare_exchange_strong(pid, static_cast<int32_t>(getpid()))) {
      slots_[i].is_in_step.store(0);
      return &slots_[i];
    }
  }
  return nullptr;  // more engines than slots: this one is not counted
}

int CoreShare::begin_step(int num_cores) {
  if (own_ == nullptr) return num_cores;
  const int64_t now = now_ns();
  own_->last_ns.store(now);
  own_->is_in_step.store(1);
  int num_busy = 1;
  for (int i = 0; i < kNumSlots; ++i) {
    const Slot& slot = slots_[i];
    const int32_t pid = slot.pid.load();
    if (&slot == own_ || pid == 0) continue;
    // Its time may be a little after ours; one far from ours was written before this machine was last started.
    const int64_t age = std::abs(now - slot.last_ns.load());
    const bool is_in_step = slot.is_in_step.load() != 0 && age < kLongestStepNs && is_alive(pid);
    num_busy += age < kPauseNs || is_in_step ? 1 : 0;
  }
  return std::max(1, num_cores / num_busy);
}

void CoreShare::end_step() {
  if (own_ == nullptr) return;
  own_->last_ns.store(now_ns());
  own_->is_in_step.store(0);
}

}  // namespace firstbyte
