// The step's vector kernels, one table for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa.h"

namespace firstbyte {

// How keys and values are kept. Int8 has one float32 scale for each head of each token.
enum class KvFormat : int { F32, F16, Int8 };

// One layer's keys and values. Positions lie in blocks of `block_len`; within a block, by key head:
//   keys    [head_dim][block_len]   so that one query meets `block_len` keys in neighbouring lanes,
//   values  [block_len][head_dim]   so that one weight meets a whole value,
//   scales  [block_len]             of keys and of values, Int8 only.
struct CacheLayer {
  KvFormat format;
  int num_blocks;
  int block_len;
  int num_kv_heads;
  int head_dim;
  void* keys;
  void* values;
  float* key_scales;
  float* value_scales;

  size_t head_offset(int block, int head) const {
    return (static_cast<size_t>(block) * num_kv_heads + head) * block_len * head_dim;
  }
  size_t scale_offset(int block, int head) const {
    return (static_cast<size_t>(block) * num_kv_heads + head) * block_len;
  }
};

// Positions attended at a time. Fixed and counted from position 0, so that a row's arithmetic is the same whatever
// shares its step and however many threads there are.
constexpr int kSpan = 256;

// Rows of queries attended at a time, unless one token's heads alone are more.
constexpr int kTileRows = 64;

constexpr int round_up_16(int value) { return (value + 15) / 16 * 16; }

// Queries of one key head that are attended together: tokens in order, for each the heads that share the key head.
struct QueryTile {
  const float* queries;  // [num_rows][round_up_16(head_dim)], scaled by head_dim^-1/2, zeros beyond head_dim
  int num_rows;
  int rows_per_token;
  int first_position;    // of the first token; the others follow
  int window;            // how many of the latest positions a token sees; 0 for all
};

// A softmax not yet divided: sum of e^(score - best) · value, by row.
struct Partial {
  float* best;     // [num_rows]; -inf where nothing is visible
  float* total;    // [num_rows] sum of e^(score - best)
  float* weighted; // [num_rows][round_up_16(head_dim)]
};

// Room for one thread: keys [padded][kSpan], values [kSpan][padded], scores [rows][kSpan].
struct AttentionScratch {
  float* keys;
  float* values;
  float* scores;
};

struct StepKernels {
  // y = weight · x / sqrt(mean(x²) + eps), one row (Zhang and Sennrich 2019, arXiv:1910.07467).
  void (*rms_norm)(const float* x, const float* weight, float eps, int size, float* y);

  // Turns one head in place; pair i is elements i and i + size / 2 (Su et al. 2021, arXiv:2104.09864).
  void (*rotate)(float* head, const float* cosines, const float* sines, int size);

  // y = gate / (1 + e^-gate) · up, with x = [gate, up] (Shazeer 2020, arXiv:2002.05202).
  void (*swiglu)(const float* x, int size, float* y);

  // Stores one token's key and value of one key head.
  void (*store_key_value)(const CacheLayer& cache, int block, int offset, int head, const float* key,
                          const float* value);

  // Attends positions `begin` to `end` - 1 (at most kSpan, all within the sequence's context). `blocks` is the
  // sequence's block table.
  void (*attend)(const QueryTile& tile, const CacheLayer& cache, int head, const int32_t* blocks, int begin, int end,
                 const AttentionScratch& scratch, const Partial& partial);

  // Adds `part` to `sum`; both over the same rows.
  void (*merge)(const Partial& sum, const Partial& part, int num_rows, int padded_dim);

  // The largest of `values`; NaN if one of them is.
  float (*max)(const float* values, int size);

  // Sum of e^(value - max) over `values`, none of which is above max; to about seven digits.
  double (*sum_exp)(const float* values, int size, float max);

  // out[i] = e^(values[i] - max), in all that float64 holds.
  void (*exp)(const float* values, int size, float max, double* out);

  // Appends the indices of values >= threshold, in order, and returns how many there are. With more than `limit` it
  // stops early and returns limit + 1.
  int (*find_at_least)(const float* values, int size, float threshold, int32_t* indices, int limit);
};

const StepKernels& step_kernels(Isa isa);

// One function for each set that is built.
namespace portable { extern const StepKernels kStepKernels; }
namespace avx2 { extern const StepKernels kStepKernels; }
namespace avx512vnni { extern const StepKernels kStepKernels; }
namespace neondot { extern const StepKernels kStepKernels; }

}  // namespace firstbyte
