// Attention of a tile of queries over one span of positions: scores, a softmax, and the weighted sum of values.
//
// A tile of many rows brings the span's keys and values into float32 once; then the two products are small matrix
// products. A tile of few rows, as in decoding, reads the cache where it lies. Both sum each element in the same order,
// so a row comes out alike, bit for bit.
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

// `kLanes` numbers at `from`, as float32; `scales` by lane (Int8).
template <KvFormat Format>
Lanes load_keys(const void* base, size_t from, const float* scales) {
  if constexpr (Format == KvFormat::F32) return load(static_cast<const float*>(base) + from);
  if constexpr (Format == KvFormat::F16) return load_half(static_cast<const uint16_t*>(base) + from);
  if constexpr (Format == KvFormat::Int8) return load_int8(static_cast<const int8_t*>(base) + from) * load(scales);
}

// The same with one scale for all lanes.
template <KvFormat Format>
Lanes load_values(const void* base, size_t from, float scale) {
  if constexpr (Format == KvFormat::Int8) return load_int8(static_cast<const int8_t*>(base) + from) * scale;
  return load_keys<Format>(base, from, nullptr);
}

// Scores of `Rows` rows with `Pieces` pieces of kLanes keys each, which begin at the numbers `from`.
template <KvFormat Format, int Rows, int Pieces>
void score_keys(const float* queries, int ldq, const CacheLayer& cache, const size_t* from, const float* const* scales,
                float* scores) {
  Lanes sums[Rows][Pieces] = {};
  const size_t stride = static_cast<size_t>(cache.block_len);
  for (int d = 0; d < cache.head_dim; ++d) {
    Lanes keys[Pieces];
    for (int p = 0; p < Pieces; ++p) {
      keys[p] = load_keys<Format>(cache.keys, from[p] + static_cast<size_t>(d) * stride, scales[p]);
    }
    for (int r = 0; r < Rows; ++r) {
      const Lanes query = splat(queries[static_cast<size_t>(r) * ldq + d]);
      for (int p = 0; p < Pieces; ++p) sums[r][p] += query * keys[p];
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int p = 0; p < Pieces; ++p) store(scores + static_cast<size_t>(r) * kSpan + p * kLanes, sums[r][p]);
  }
}

// All scores of `Rows` rows, from the cache where it lies; `begin` starts a block.
template <KvFormat Format, int Rows>
void score_in_place(const float* queries, int ldq, const CacheLayer& cache, int head, const int32_t* blocks, int begin,
                    int end, float* scores) {
  constexpr int kPieces = 4;
  const int num_pieces = (end - begin + kLanes - 1) / kLanes;
  for (int piece = 0; piece < num_pieces; piece += kPieces) {
    size_t from[kPieces];
    const float* scales[kPieces];
    const int num = num_pieces - piece < kPieces ? num_pieces - piece : kPieces;
    for (int p = 0; p < kPieces; ++p) {  // beyond the last piece the last is repeated
      const int position = begin + (piece + (p < num ? p : num - 1)) * kLanes;
      const int block = blocks[position / cache.block_len], offset = position % cache.block_len;
      from[p] = cache.head_offset(block, head) + static_cast<size_t>(offset);
      scales[p] = cache.key_scales ? cache.key_scales + cache.scale_offset(block, head) + offset : nullptr;
    }
    float* to = scores + piece * kLanes;
    if (num == kPieces) {
      score_keys<Format, Rows, kPieces>(queries, ldq, cache, from, scales, to);
    } else {
      for (int p = 0; p < num; ++p) {
        score_keys<Format, Rows, 1>(queries, ldq, cache, from + p, scales + p, to + p * kLanes);
      }
    }
  }
}

// weighted[Rows][head_dim] of `Vectors` vectors from element `d` on, from the cache where it lies, block after block.
template <KvFormat Format, int Rows, int Vectors>
void weigh_columns(const float* shares, const CacheLayer& cache, int head, const int32_t* blocks, int begin, int end,
                   int d, float* weighted, int ldw) {
  Lanes sums[Rows][Vectors] = {};
  int block_at = begin / cache.block_len, offset = begin % cache.block_len;
  for (int position = begin; position < end; ++block_at, offset = 0) {
    const int block = blocks[block_at];
    size_t from = cache.head_offset(block, head) + static_cast<size_t>(offset) * cache.head_dim + d;
    const float* scales = cache.value_scales ? cache.value_scales + cache.scale_offset(block, head) : nullptr;
    const int block_end = position + cache.block_len - offset < end ? position + cache.block_len - offset : end;
    for (; position < block_end; ++position, ++offset, from += static_cast<size_t>(cache.head_dim)) {
      const float scale = scales ? scales[offset] : 0.0f;
      Lanes values[Vectors];
      for (int v = 0; v < Vectors; ++v) values[v] = load_values<Format>(cache.values, from + v * kLanes, scale);
      for (int r = 0; r < Rows; ++r) {
        const Lanes share = splat(shares[static_cast<size_t>(r) * kSpan + position - begin]);
        for (int v = 0; v < Vectors; ++v) sums[r][v] += share * values[v];
      }
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) store(weighted + static_cast<size_t>(r) * ldw + d + v * kLanes, sums[r][v]);
  }
}

// The columns from `d` on, `Vectors` vectors at a time while there are so many, then fewer; returns where it stopped.
template <KvFormat Format, int Rows, int Vectors>
int weigh_from(const float* shares, const CacheLayer& cache, int head, const int32_t* blocks, int begin, int end, int d,
               float* weighted, int padded) {
  for (; d + Vectors * kLanes <= cache.head_dim; d += Vectors * kLanes) {
    weigh_columns<Format, Rows, Vectors>(shares, cache, head, blocks, begin, end, d, weighted, padded);
  }
  if constexpr (Vectors > 1) {
    return weigh_from<Format, Rows, Vectors - 1>(shares, cache, head, blocks, begin, end, d, weighted, padded);
  }
  return d;
}

template <KvFormat Format, int Rows>
void weigh_in_place(const float* shares, const CacheLayer& cache, int head, const int32_t* blocks, int begin, int end,
                    float* weighted, int padded) {
  constexpr int kWide = kLanes == 16 || Rows == 1 ? 4 : 2;  // what the registers hold
  const int done = weigh_from<Format, Rows, kWide>(shares, cache, head, blocks, begin, end, 0, weighted, padded);
  for (int r = 0; r < Rows; ++r) {
    for (int d = done; d < padded; ++d) weighted[static_cast<size_t>(r) * padded + d] = 0;
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

void soften_rows(const QueryTile& tile, int begin, int end, float* scores, const Partial& partial) {
  for (int row = 0; row < tile.num_rows; ++row) {
    const int position = tile.first_position + row / tile.rows_per_token;
    const int low = tile.window > 0 ? position - tile.window + 1 - begin : 0;
    const int high = (position + 1 < end ? position + 1 : end) - begin;
    soften(scores + static_cast<size_t>(row) * kSpan, round_up_16(end - begin), low, high, partial.best + row,
           partial.total + row);
  }
}

void attend_gathered(const QueryTile& tile, const CacheLayer& cache, int head, const int32_t* blocks, int begin,
                     int end, const AttentionScratch& scratch, const Partial& partial) {
  const int padded = round_up_16(cache.head_dim), num_keys = end - begin;
  gather_keys(cache, head, blocks, begin, end, scratch.keys);
  gather_values(cache, head, blocks, begin, end, padded, scratch.values);
  multiply(tile.queries, padded, scratch.keys, kSpan, tile.num_rows, round_up_16(num_keys), cache.head_dim,
           scratch.scores, kSpan);
  soften_rows(tile, begin, end, scratch.scores, partial);
  multiply(scratch.scores, kSpan, scratch.values, padded, tile.num_rows, padded, num_keys, partial.weighted, padded);
}

template <KvFormat Format>
void attend_in_place(const QueryTile& tile, const CacheLayer& cache, int head, const int32_t* blocks, int begin,
                     int end, const AttentionScratch& scratch, const Partial& partial) {
  const int padded = round_up_16(cache.head_dim);
  int row = 0;
  for (; row + 4 <= tile.num_rows; row += 4) {
    score_in_place<Format, 4>(tile.queries + static_cast<size_t>(row) * padded, padded, cache, head, blocks, begin, end,
                              scratch.scores + static_cast<size_t>(row) * kSpan);
  }
  for (; row < tile.num_rows; ++row) {
    score_in_place<Format, 1>(tile.queries + static_cast<size_t>(row) * padded, padded, cache, head, blocks, begin, end,
                              scratch.scores + static_cast<size_t>(row) * kSpan);
  }
  soften_rows(tile, begin, end, scratch.scores, partial);
  for (row = 0; row + 4 <= tile.num_rows; row += 4) {
    weigh_in_place<Format, 4>(scratch.scores + static_cast<size_t>(row) * kSpan, cache, head, blocks, begin, end,
                              partial.weighted + static_cast<size_t>(row) * padded, padded);
  }
  for (; row < tile.num_rows; ++row) {
    weigh_in_place<Format, 1>(scratch.scores + static_cast<size_t>(row) * kSpan, cache, head, blocks, begin, end,
                              partial.weighted + static_cast<size_t>(row) * padded, padded);
  }
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
  // Below this the work of bringing keys and values into float32 is not repaid.
  constexpr int kFewRows = 8;
  const bool fits_lanes = cache.block_len % kLanes == 0 && kSpan % cache.block_len == 0 && cache.head_dim % kLanes == 0;
  if (tile.num_rows > kFewRows || !fits_lanes) {
    attend_gathered(tile, cache, head, blocks, begin, end, scratch, partial);
  } else if (cache.format == KvFormat::F32) {
    attend_in_place<KvFormat::F32>(tile, cache, head, blocks, begin, end, scratch, partial);
  } else if (cache.format == KvFormat::F16) {
    attend_in_place<KvFormat::F16>(tile, cache, head, blocks, begin, end, scratch, partial);
  } else {
    attend_in_place<KvFormat::Int8>(tile, cache, head, blocks, begin, end, scratch, partial);
  }
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
