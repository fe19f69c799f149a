// Paged attention of one step: which tile of queries meets which span of positions, on which thread.
#pragma once

#include <vector>

#include "batch.h"
#include "kernels.h"
#include "thread_pool.h"

namespace firstbyte {

// Keys and values of all layers. The memory is mapped at once and touched only where something is stored.
class KvCache {
 public:
  KvCache(KvFormat format, int num_layers, int num_blocks, int block_len, int num_kv_heads, int head_dim);
  ~KvCache();
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  const CacheLayer& layer(int index) const { return layers_[static_cast<size_t>(index)]; }
  int num_blocks() const { return num_blocks_; }
  int block_len() const { return block_len_; }

 private:
  void* allocate(size_t num_bytes);

  int num_blocks_;
  int block_len_;
  std::vector<CacheLayer> layers_;
  std::vector<void*> owned_;
};

// Attends all tokens of a step, layer by layer.
//
// Work is cut into tiles: some tokens of one sequence with the query heads that share one key head. A tile meets its
// context one span after another, so that keys are widened once for all its rows. A tile with few rows and a long
// context is cut by spans instead: every span on whichever thread is free, then the parts are added in order. Both ways
// do the same arithmetic for a row.
class Attention {
 public:
  Attention(const StepKernels& kernels, ThreadPool& pool, int num_heads, int num_kv_heads, int head_dim);

  // To be called once a step: the plan holds for all layers with this window (0 for none).
  void plan(const Batch& batch, int window);

  // out[num_tokens][num_heads · head_dim] from qkv rows [num_heads + 2 num_kv_heads][head_dim], `stride` apart.
  void attend(const Batch& batch, int window, const CacheLayer& cache, const float* qkv, size_t stride, float* out);

 private:
  struct Tile {
    int sequence;
    int kv_head;
    int first_token;  // of the step
    int num_tokens;
    int begin;        // visible positions of all its rows
    int end;
    int first_part;   // index of its first partial result; -1 if it is done in one go
  };
  struct Part {
    int tile;
    int begin;
    int end;
  };
  struct Plan {
    int window;
    std::vector<Tile> tiles;
    std::vector<Part> parts;
  };
  struct Room {  // of one thread
    std::vector<float> floats;
    float* queries;
    AttentionScratch scratch;
    Partial sum;
    Partial part;
  };

  void add_tiles(const Batch& batch, int sequence, Plan* plan) const;
  QueryTile load_queries(const Batch& batch, const Tile& tile, int window, const float* qkv, size_t stride,
                         float* queries) const;
  void attend_whole(const Batch& batch, const Tile& tile, int window, const CacheLayer& cache, const float* qkv,
                    size_t stride, float* out, Room& room) const;
  void attend_part(const Batch& batch, const Plan& plan, int part, const CacheLayer& cache, const float* qkv,
                   size_t stride, Room& room);
  void add_parts(const Plan& plan, const Tile& tile, float* out);
  void write(const Tile& tile, const Partial& sum, float* out) const;
  Partial partial_at(int part);
  const Plan& plan_of(int window) const;

  const StepKernels& kernels_;
  ThreadPool& pool_;
  int num_heads_;
  int num_kv_heads_;
  int head_dim_;
  int padded_dim_;
  int rows_per_token_;
  int max_rows_;
  std::vector<Plan> plans_;
  std::vector<Room> rooms_;
  std::vector<float> partials_;
};

}  // namespace firstbyte
