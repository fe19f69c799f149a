// How many threads each of several engines on one machine should use, so that together they have one a core.
#pragma once

#include <cstdint>
#include <string>

namespace firstbyte {

// The engines meet in a small file that all of them map. Each has a slot there, in which it says when it last worked;
// before a step it counts the others that do so now and takes its share of the cores. Results do not depend on the
// number of threads, so that it may change from step to step. Nobody waits for anybody, and an engine that died, or
// was there before the machine was last started, is not counted. Without a file (an empty path, or one that cannot be mapped) all cores are its own.
class CoreShare {
 public:
  explicit CoreShare(const std::string& path);
  ~CoreShare();
  CoreShare(const CoreShare&) = delete;
  CoreShare& operator=(const CoreShare&) = delete;

  // Says that a step begins and returns how many of `num_cores` it should use, at least 1.
  int begin_step(int num_cores);
  void end_step();

 private:
  struct Slot;

  Slot* claim_slot();

  Slot* slots_ = nullptr;
  Slot* own_ = nullptr;
};

}  // namespace firstbyte
