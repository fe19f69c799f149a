// A decoder of the Llama family: one call runs one step of a whole batch and chooses the next tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "attention.h"
#include "batch.h"
#include "core_share.h"
#include "isa.h"
#include "kernels.h"
#include "linear/linear.h"
#include "sampling.h"
#include "thread_pool.h"

namespace firstbyte {

struct ModelShape {
  int vocab_size;
  int hidden_size;
  int intermediate_size;
  int num_heads;
  int num_kv_heads;
  int head_dim;
  float rms_norm_eps;

  int q_size() const { return num_heads * head_dim; }
  int qkv_size() const { return (num_heads + 2 * num_kv_heads) * head_dim; }
};

// y = x Wᵀ + b. All pointers are borrowed and must outlive the model.
struct Linear {
  Matrix weight{};
  const float* bias = nullptr;
};

struct Layer {
  const float* attention_norm;
  Linear qkv;               // outputs: all query heads, all key heads, all value heads
  const float* query_norm;  // [head_dim] or null
  const float* key_norm;
  Linear output;
  const float* mlp_norm;
  Linear gate_up;           // outputs: gate, then up
  Linear down;
  int window;               // how many of the latest positions a token sees; 0 for all
};

struct ModelWeights {
  Matrix embedding;                // [vocab_size, hidden_size]
  std::vector<Layer> layers;
  const float* norm;
  Matrix head;                     // [vocab_size, hidden_size]; the embedding itself where they are tied
  std::vector<float> frequencies;  // [head_dim / 2] radians per position, scaled
};

class Model {
 public:
  // `num_threads` 0 takes all usable cores, or its share of them where other engines meet it in `share_path` (may be
  // empty). Throws std::invalid_argument.
  Model(const ModelShape& shape, ModelWeights weights, int num_threads, const std::string& share_path, Isa isa);

  const ModelShape& shape() const { return shape_; }
  int num_threads() const { return pool_.size(); }
  Isa isa() const { return isa_; }

  // Makes the cache, once, before the first step.
  void allocate(KvFormat format, int num_blocks, int block_len);

  // Runs one step. Throws std::invalid_argument for a batch out of bounds, NoChoice, std::logic_error without a cache.
  Choices run(const Batch& batch);

  // Logits [num_tokens, vocab_size] of tokens of the latest step: for tests.
  void logits(const int32_t* tokens, int num_tokens, float* out);

 private:
  void forward(const Batch& batch);
  void embed(const Batch& batch);
  void compute_angles(const Batch& batch);
  void attend(const Batch& batch, const Layer& layer, const CacheLayer& cache);
  void place_heads(const Batch& batch, const Layer& layer, const CacheLayer& cache);
  void run_mlp(const Layer& layer, int first_token, int num_tokens);
  void normalise(const float* weight, const float* x, int num_rows, float* y);
  void multiply(const Linear& linear, const float* x, int num_rows, float* y, bool accumulate);
  void choose_rows(const Batch& batch, Choices* choices);
  void score_rows(const Batch& batch, Choices* choices);
  // Calls task(row) for all rows, on all threads if there is enough to do.
  template <class F>
  void for_rows(int num_rows, int floats_per_row, F&& task);

  ModelShape shape_;
  ModelWeights weights_;
  Isa isa_;
  const StepKernels& kernels_;
  ThreadPool pool_;
  CoreShare core_share_;
  Attention attention_;
  std::unique_ptr<KvCache> cache_;
  Activations activations_;
  std::vector<SamplingScratch> sampling_;
  // Of the step, by token.
  std::vector<float> hidden_, normed_, qkv_, mixed_, gate_up_, activated_, cosines_, sines_, logits_;
  std::vector<int> owners_;  // sequence of each token
};

}  // namespace firstbyte
