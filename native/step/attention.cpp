#include "attention.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>

namespace firstbyte {
namespace {

size_t element_bytes(KvFormat format) {
  return format == KvFormat::F32 ? 4 : format == KvFormat::F16 ? 2 : 1;
}

}  // namespace

KvCache::KvCache(KvFormat format, int num_layers, int num_blocks, int block_len, int num_kv_heads, int head_dim)
    : num_blocks_(num_blocks), block_len_(block_len) {
  const size_t num_rows = static_cast<size_t>(num_blocks) * num_kv_heads * block_len;
  const size_t num_bytes = num_rows * head_dim * element_bytes(format);
  const bool has_scales = format == KvFormat::Int8;
  for (int i = 0; i < num_layers; ++i) {
    CacheLayer layer{format, num_blocks, block_len, num_kv_heads, head_dim, nullptr, nullptr, nullptr, nullptr};
    layer.keys = allocate(num_bytes);
    layer.values = allocate(num_bytes);
    if (has_scales) {
      layer.key_scales = static_cast<float*>(allocate(num_rows * sizeof(float)));
      layer.value_scales = static_cast<float*>(allocate(num_rows * sizeof(float)));
    }
    layers_.push_back(layer);
  }
}

KvCache::~KvCache() {
  for (void* memory : owned_) std::free(memory);
}

void* KvCache::allocate(size_t num_bytes) {
  void* memory = std::calloc(num_bytes, 1);  // large areas come from the system as zeros, untouched
  if (memory == nullptr) throw std::bad_alloc();
  owned_.push_back(memory);
  return memory;
}

Attention::Attention(const StepKernels& kernels, ThreadPool& pool, int num_heads, int num_kv_heads, int head_dim)
    : kernels_(kernels),
      pool_(pool),
      num_heads_(num_heads),
      num_kv_heads_(num_kv_heads),
      head_dim_(head_dim),
      padded_dim_(round_up_16(head_dim)),
      rows_per_token_(num_heads / num_kv_heads),
      max_rows_(std::max(kTileRows, num_heads / num_kv_heads)) {
  const size_t rows = static_cast<size_t>(max_rows_), padded = static_cast<size_t>(padded_dim_);
  rooms_.resize(static_cast<size_t>(pool.size()));
  for (Room& room : rooms_) {
    room.floats.resize(2 * kSpan * padded + rows * kSpan + 3 * rows * padded + 4 * rows);
    float* next = room.floats.data();
    const auto take = [&next](size_t size) {
      float* taken = next;
      next += size;
      return taken;
    };
    room.scratch = {take(kSpan * padded), take(kSpan * padded), take(rows * kSpan)};
    room.queries = take(rows * padded);
    room.sum = {take(rows), take(rows), take(rows * padded)};
    room.part = {take(rows), take(rows), take(rows * padded)};
  }
}

void Attention::plan(const Batch& batch, int window) {
  const auto is_same = [window](const Plan& plan) { return plan.window == window; };
  auto found = std::find_if(plans_.begin(), plans_.end(), is_same);
  if (found == plans_.end()) found = plans_.insert(plans_.end(), Plan{window, {}, {}});
  found->tiles.clear();
  found->parts.clear();
  for (int sequence = 0; sequence < batch.num_sequences; ++sequence) add_tiles(batch, sequence, &*found);
  const size_t num_floats = static_cast<size_t>(rows_per_token_) * static_cast<size_t>(padded_dim_ + 2);
  partials_.resize(std::max(partials_.size(), found->parts.size() * num_floats));
}

void Attention::add_tiles(const Batch& batch, int sequence, Plan* plan) const {
  const int tokens_per_tile = std::max(1, kTileRows / rows_per_token_);
  const int end_token = batch.starts[sequence + 1];
  const bool is_decoding = end_token - batch.starts[sequence] == 1;
  for (int token = batch.starts[sequence]; token < end_token; token += tokens_per_tile) {
    const int num_tokens = std::min(tokens_per_tile, end_token - token);
    const int first = batch.positions[token], end = first + num_tokens;
    const int begin = plan->window > 0 ? std::max(0, first - plan->window + 1) / kSpan * kSpan : 0;
    for (int head = 0; head < num_kv_heads_; ++head) {
      Tile tile{sequence, head, token, num_tokens, begin, end, -1};
      if (is_decoding && end - begin > kSpan) {
        tile.first_part = static_cast<int>(plan->parts.size());
        for (int from = begin; from < end; from += kSpan) {
          plan->parts.push_back({static_cast<int>(plan->tiles.size()), from, std::min(from + kSpan, end)});
        }
      }
      plan->tiles.push_back(tile);
    }
  }
}

void Attention::attend(const Batch& batch, int window, const CacheLayer& cache, const float* qkv, size_t stride,
                       float* out) {
  const Plan& plan = plan_of(window);
  const int num_tiles = static_cast<int>(plan.tiles.size()), num_parts = static_cast<int>(plan.parts.size());
  // Parts first and long tiles before short ones: what is begun last should be small.
  pool_.for_each(num_parts + num_tiles, [&](int item, int thread) {
    Room& room = rooms_[static_cast<size_t>(thread)];
    if (item < num_parts) {
      attend_part(batch, plan, item, cache, qkv, stride, room);
      return;
    }
    const Tile& tile = plan.tiles[static_cast<size_t>(num_tiles - 1 - (item - num_parts))];
    if (tile.first_part < 0) attend_whole(batch, tile, window, cache, qkv, stride, out, room);
  });
  if (num_parts == 0) return;
  for (const Tile& tile : plan.tiles) {
    if (tile.first_part >= 0) add_parts(plan, tile, out);
  }
}

QueryTile Attention::load_queries(const Batch& batch, const Tile& tile, int window, const float* qkv, size_t stride,
                                  float* queries) const {
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim_));
  float* to = queries;
  for (int token = tile.first_token; token < tile.first_token + tile.num_tokens; ++token) {
    const float* from = qkv + static_cast<size_t>(token) * stride +
                        static_cast<size_t>(tile.kv_head) * rows_per_token_ * head_dim_;
    for (int head = 0; head < rows_per_token_; ++head, to += padded_dim_, from += head_dim_) {
      for (int d = 0; d < head_dim_; ++d) to[d] = from[d] * scale;
      std::fill(to + head_dim_, to + padded_dim_, 0.0f);
    }
  }
  return {queries, tile.num_tokens * rows_per_token_, rows_per_token_, batch.positions[tile.first_token], window};
}

void Attention::attend_whole(const Batch& batch, const Tile& tile, int window, const CacheLayer& cache,
                             const float* qkv, size_t stride, float* out, Room& room) const {
  const QueryTile queries = load_queries(batch, tile, window, qkv, stride, room.queries);
  const int32_t* blocks = batch.block_tables + static_cast<size_t>(tile.sequence) * batch.table_width;
  for (int from = tile.begin; from < tile.end; from += kSpan) {
    const int end = std::min(from + kSpan, tile.end);
    const Partial& partial = from == tile.begin ? room.sum : room.part;
    kernels_.attend(queries, cache, tile.kv_head, blocks, from, end, room.scratch, partial);
    if (from != tile.begin) kernels_.merge(room.sum, room.part, queries.num_rows, padded_dim_);
  }
  write(tile, room.sum, out);
}

void Attention::attend_part(const Batch& batch, const Plan& plan, int index, const CacheLayer& cache,
                            const float* qkv, size_t stride, Room& room) {
  const Part& part = plan.parts[static_cast<size_t>(index)];
  const Tile& tile = plan.tiles[static_cast<size_t>(part.tile)];
  const QueryTile queries = load_queries(batch, tile, plan.window, qkv, stride, room.queries);
  const int32_t* blocks = batch.block_tables + static_cast<size_t>(tile.sequence) * batch.table_width;
  kernels_.attend(queries, cache, tile.kv_head, blocks, part.begin, part.end, room.scratch, partial_at(index));
}

void Attention::add_parts(const Plan& plan, const Tile& tile, float* out) {
  const Partial sum = partial_at(tile.first_part);
  const int num_parts = (tile.end - tile.begin + kSpan - 1) / kSpan;
  for (int part = tile.first_part + 1; part < tile.first_part + num_parts; ++part) {
    kernels_.merge(sum, partial_at(part), rows_per_token_, padded_dim_);
  }
  write(tile, sum, out);
  static_cast<void>(plan);
}

void Attention::write(const Tile& tile, const Partial& sum, float* out) const {
  const size_t width = static_cast<size_t>(num_heads_) * head_dim_;
  for (int row = 0; row < tile.num_tokens * rows_per_token_; ++row) {
    const int token = tile.first_token + row / rows_per_token_;
    const int head = tile.kv_head * rows_per_token_ + row % rows_per_token_;
    const float* from = sum.weighted + static_cast<size_t>(row) * padded_dim_;
    float* to = out + static_cast<size_t>(token) * width + static_cast<size_t>(head) * head_dim_;
    const float scale = 1.0f / sum.total[row];
    for (int d = 0; d < head_dim_; ++d) to[d] = from[d] * scale;
  }
}

Partial Attention::partial_at(int part) {
  const size_t rows = static_cast<size_t>(rows_per_token_), padded = static_cast<size_t>(padded_dim_);
  float* start = partials_.data() + static_cast<size_t>(part) * rows * (padded + 2);
  return {start, start + rows, start + 2 * rows};
}

const Attention::Plan& Attention::plan_of(int window) const {
  return *std::find_if(plans_.begin(), plans_.end(), [window](const Plan& plan) { return plan.window == window; });
}

}  // namespace firstbyte
