// Attention of a tile of queries over one span of positions. The span's keys and values are brought into float32 once
// for all rows of the tile; then two small matrix products with a softmax between them.
#include "kernels_isa.h"

namespace firstbyte::FIRSTBYTE_STEP_ISA {
namespace {

constexpr float kMinusInfinity = -__builtin_inff();

// `size` numbers at `from`, of which lane i is scaled by scales[i] (Int8).
void widen(KvFormat format, const void* base, size_t from, int size, const float* scales, float* to) {
  int i = 0;
  if (format == KvFormat::F32) {
    memcpy(to, static_cast<const float*>(base) + from, static_cast<size_t>(size) * sizeof(float));
  } else if (format == KvFormat::F16) {
    const uint16_t* halves = static_cast<const uint16_t*>(base) + from;
    for (; i + kLanes <= size; i += kLanes) store(to + i, load_half(halves + i));
    for (; i < size; ++i) to[i] = half_to_float(halves[i]);
  } else {
    const int8_t* bytes = static_cast<const int8_t*>(base) + from;
    for (; i + kLanes <= size; i += kLanes) store(to + i, load_int8(bytes + i) * load(scales + i));
    for (; i < size; ++i) to[i] = static_cast<float>(bytes[i]) * scales[i];
  }
}

// Keys of positions begin..end as [head_dim][kSpan]. What lies beyond `end` in the last block is never looked at.
void gather_keys(const CacheLayer& cache, int head, const int32_t* blocks, int begin, int end, float* keys) {
  for (int position = begin; position < end;) {
    const int offset = position % cache.block_len;
    const int block = blocks[position / cache.block_len];
    const int rest = cache.block_len - offset;
    const int size = rest < end - position ? rest : end - position;
    const size_t from = cache.head_offset(block, head) + static_cast<size_t>(offset);
    const float* scales = cache.key_scales ? cache.key_scales + cache.scale_offset(block, head) + offset : nullptr;
    for (int d = 0; d < cache.head_dim; ++d) {
      widen(cache.format, cache.keys, from + static_cast<size_t>(d) * cache.block_len, size, scales,
            keys + d * kSpan + (position - begin));
    }
    position += size;
  }
}

// Values of positions begin..end as [kSpan][padded].
void gather_values(const CacheLayer& cache, int head, const int32_t* blocks, int begin, int end, int padded,
                   float* values) {
  for (int position = begin; position < end; ++position) {
    const int offset = position % cache.block_len;
    const int block = blocks[position / cache.block_len];
    float* to = values + static_cast<size_t>(position - begin) * padded;
    const size_t from = cache.head_offset(block, head) + static_cast<size_t>(offset) * cache.head_dim;
    if (cache.format == KvFormat::Int8) {
      const float scale = cache.value_scales[cache.scale_offset(block, head) + offset];
      const int8_t* bytes = static_cast<const int8_t*>(cache.values) + from;
      int d = 0;
      for (; d + kLanes <= cache.head_dim; d += kLanes) store(to + d, load_int8(bytes + d) * scale);
      for (; d < cache.head_dim; ++d) to[d] = static_cast<float>(bytes[d]) * scale;
    } else {
      widen(cache.format, cache.values, from, cache.head_dim, nullptr, to);
    }
    for (int d = cache.head_dim; d < padded; ++d) to[d] = 0;
  }
}

// c[rows][cols] = a[rows][depth] · b[depth][cols], for `Rows` rows and `Vectors` vectors of columns. Each element is
// summed in order of depth, so a row does not depend on the tile that it is part of.
template <int Rows, int Vectors>
void multiply_tile(const float* a, int lda, const float* b, int ldb, int depth, float* c, int ldc) {
  Lanes sums[Rows][Vectors] = {};
  for (int k = 0; k < depth; ++k) {
    Lanes right[Vectors];
    for (int v = 0; v < Vectors; ++v) right[v] = load(b + static_cast<size_t>(k) * ldb + v * kLanes);
    for (int r = 0; r < Rows; ++r) {
      const Lanes left = splat(a[static_cast<size_t>(r) * lda + k]);
      for (int v = 0; v < Vectors; ++v) sums[r][v] += left * right[v];
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) store(c + static_cast<size_t>(r) * ldc + v * kLanes, sums[r][v]);
  }
}

template <int Vectors>
void multiply_columns(const float* a, int lda, const float* b, int ldb, int rows, int depth, float* c, int ldc) {
  int r = 0;
  for (; r + 4 <= rows; r += 4) {
    multiply_tile<4, Vectors>(a + static_cast<size_t>(r) * lda, lda, b, ldb, depth, c + static_cast<size_t>(r) * ldc,
                              ldc);
  }
  for (; r < rows; ++r) {
    multiply_tile<1, Vectors>(a + static_cast<size_t>(r) * lda, lda, b, ldb, depth, c + static_cast<size_t>(r) * ldc,
                              ldc);
  }
}

// `cols` is a multiple of 16.
void multiply(const float* a, int lda, const float* b, int ldb, int rows, int cols, int depth, float* c, int ldc) {
  constexpr int kWide = kLanes == 16 ? 4 : 2;
  int col = 0;
  for (; col + kWide * kLanes <= cols; col += kWide * kLanes) {
    multiply_columns<kWide>(a, lda, b + col, ldb, rows, depth, c + col, ldc);
  }
  for (; col + kLanes <= cols; col += kLanes) {
    multiply_columns<1>(a, lda, b + col, ldb, rows, depth, c + col, ldc);
  }
}

// Turns one row of scores into e^(score - best), 0 outside low..high, and returns best and total.
void soften(float* scores, int cols, int low, int high, float* best, float* total) {
  if (low < 0) low = 0;
  if (high > cols) high = cols;
  if (high < low) high = low;
  for (int j = 0; j < low; ++j) scores[j] = kMinusInfinity;
  for (int j = high; j < cols; ++j) scores[j] = kMinusInfinity;
  Lanes bests = splat(kMinusInfinity);
  for (int j = 0; j < cols; j += kLanes) bests = larger(load(scores + j), bests);
  *best = largest(bests);
  if (low == high) {
    memset(scores, 0, static_cast<size_t>(cols) * sizeof(float));
    *total = 0;
    return;
  }
  Lanes totals{};
  for (int j = 0; j < cols; j += kLanes) {
    const Lanes shares = exp_negative(load(scores + j) - *best);
    store(scores + j, shares);
    totals += shares;
  }
  *total = sum(totals);
}

uint16_t half_within_range(float value) {
  constexpr float kLargest = 65504.0f;
  return float_to_half(value > kLargest ? kLargest : value < -kLargest ? -kLargest : value);
}

float int8_scale(const float* values, int size) {
  float largest = 0;
  for (int i = 0; i < size; ++i) largest = __builtin_fabsf(values[i]) > largest ? __builtin_fabsf(values[i]) : largest;
  return largest / 127.0f;
}

int8_t to_int8(float value, float scale) {
  return scale > 0 ? static_cast<int8_t>(__builtin_rintf(value / scale)) : static_cast<int8_t>(0);
}

}  // namespace

void store_key_value(const CacheLayer& cache, int block, int offset, int head, const float* key, const float* value) {
  const size_t start = cache.head_offset(block, head);
  const size_t key_at = start + static_cast<size_t>(offset);
  const size_t value_at = start + static_cast<size_t>(offset) * cache.head_dim;
  const size_t stride = static_cast<size_t>(cache.block_len);
  if (cache.format == KvFormat::F32) {
    float* keys = static_cast<float*>(cache.keys) + key_at;
    for (int d = 0; d < cache.head_dim; ++d) keys[d * stride] = key[d];
    memcpy(static_cast<float*>(cache.values) + value_at, value, static_cast<size_t>(cache.head_dim) * sizeof(float));
  } else if (cache.format == KvFormat::F16) {
    uint16_t* keys = static_cast<uint16_t*>(cache.keys) + key_at;
    uint16_t* values = static_cast<uint16_t*>(cache.values) + value_at;
    for (int d = 0; d < cache.head_dim; ++d) keys[d * stride] = half_within_range(key[d]);
    for (int d = 0; d < cache.head_dim; ++d) values[d] = half_within_range(value[d]);
  } else {
    const float key_scale = int8_scale(key, cache.head_dim), value_scale = int8_scale(value, cache.head_dim);
    int8_t* keys = static_cast<int8_t*>(cache.keys) + key_at;
    int8_t* values = static_cast<int8_t*>(cache.values) + value_at;
    for (int d = 0; d < cache.head_dim; ++d) keys[d * stride] = to_int8(key[d], key_scale);
    for (int d = 0; d < cache.head_dim; ++d) values[d] = to_int8(value[d], value_scale);
    cache.key_scales[cache.scale_offset(block, head) + offset] = key_scale;
    cache.value_scales[cache.scale_offset(block, head) + offset] = value_scale;
  }
}

void attend(const QueryTile& tile, const CacheLayer& cache, int head, const int32_t* blocks, int begin, int end,
            const AttentionScratch& scratch, const Partial& partial) {
  const int padded = round_up_16(cache.head_dim);
  const int num_keys = end - begin, cols = round_up_16(num_keys);
  gather_keys(cache, head, blocks, begin, end, scratch.keys);
  gather_values(cache, head, blocks, begin, end, padded, scratch.values);
  multiply(tile.queries, padded, scratch.keys, kSpan, tile.num_rows, cols, cache.head_dim, scratch.scores, kSpan);
  for (int row = 0; row < tile.num_rows; ++row) {
    const int position = tile.first_position + row / tile.rows_per_token;
    const int low = tile.window > 0 ? position - tile.window + 1 - begin : 0;
    const int high = (position + 1 < end ? position + 1 : end) - begin;
    soften(scratch.scores + static_cast<size_t>(row) * kSpan, cols, low, high, partial.best + row,
           partial.total + row);
  }
  multiply(scratch.scores, kSpan, scratch.values, padded, tile.num_rows, padded, num_keys, partial.weighted, padded);
}

void merge(const Partial& sum, const Partial& part, int num_rows, int padded_dim) {
  for (int row = 0; row < num_rows; ++row) {
    if (part.total[row] == 0) continue;
    const float best = sum.best[row] > part.best[row] ? sum.best[row] : part.best[row];
    const float keep = exp_negative(splat(sum.best[row] - best))[0];
    const float take = exp_negative(splat(part.best[row] - best))[0];
    float* to = sum.weighted + static_cast<size_t>(row) * padded_dim;
    const float* from = part.weighted + static_cast<size_t>(row) * padded_dim;
    for (int d = 0; d < padded_dim; d += kLanes) store(to + d, load(to + d) * keep + load(from + d) * take);
    sum.total[row] = sum.total[row] * keep + part.total[row] * take;
    sum.best[row] = best;
  }
}

}  // namespace firstbyte::FIRSTBYTE_STEP_ISA
