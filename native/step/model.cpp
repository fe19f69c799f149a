#include "model.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>

#include "linear/pack.h"

namespace firstbyte {
namespace {

// Rows that go through the MLP together: its activations are the widest, and should stay in the cache.
constexpr int kMlpRows = 256;
// Rows whose logits are computed together.
constexpr int kLogitRows = 64;
// Below this many numbers a parallel region costs more than it saves.
constexpr int kSerialFloats = 1 << 14;

// The shape of what is not a matrix cannot be checked here: pointers come from bindings that have checked them.
void check_matrix(const Matrix& matrix, int num_outputs, int num_inputs, const char* name) {
  if (matrix.packed == nullptr || matrix.num_outputs != num_outputs || matrix.num_inputs != num_inputs) {
    throw std::invalid_argument(std::string(name) + " does not have the model's shape");
  }
}

void check_weights(const ModelShape& shape, const ModelWeights& weights) {
  check_matrix(weights.embedding, shape.vocab_size, shape.hidden_size, "embedding");
  check_matrix(weights.head, shape.vocab_size, shape.hidden_size, "head");
  for (const Layer& layer : weights.layers) {
    check_matrix(layer.qkv.weight, shape.qkv_size(), shape.hidden_size, "qkv");
    check_matrix(layer.output.weight, shape.hidden_size, shape.q_size(), "output");
    check_matrix(layer.gate_up.weight, 2 * shape.intermediate_size, shape.hidden_size, "gate_up");
    check_matrix(layer.down.weight, shape.hidden_size, shape.intermediate_size, "down");
  }
  if (weights.frequencies.size() * 2 != static_cast<size_t>(shape.head_dim)) {
    throw std::invalid_argument("frequencies: one for each pair of a head");
  }
}

// The cores of one step, given back however it ends.
class StepShare {
 public:
  StepShare(CoreShare& share, ThreadPool& pool) : share_(share) { pool.use(share.begin_step(pool.size())); }
  ~StepShare() { share_.end_step(); }
  StepShare(const StepShare&) = delete;
  StepShare& operator=(const StepShare&) = delete;

 private:
  CoreShare& share_;
};

}  // namespace

Model::Model(const ModelShape& shape, ModelWeights weights, int num_threads, const std::string& share_path, Isa isa)
    : shape_(shape),
      weights_(std::move(weights)),
      isa_(isa),
      kernels_(step_kernels(isa)),
      pool_(num_threads > 0 ? num_threads : num_usable_cores()),
      core_share_(num_threads > 0 ? "" : share_path),
      attention_(kernels_, pool_, shape.num_heads, shape.num_kv_heads, shape.head_dim),
      sampling_(static_cast<size_t>(pool_.size())) {
  check_weights(shape_, weights_);
}

void Model::allocate(KvFormat format, int num_blocks, int block_len) {
  cache_ = std::make_unique<KvCache>(format, static_cast<int>(weights_.layers.size()), num_blocks, block_len,
                                     shape_.num_kv_heads, shape_.head_dim);
}

Choices Model::run(const Batch& batch) {
  if (!cache_) throw std::logic_error("allocate the cache before the first step");
  check_batch(batch, shape_.vocab_size, cache_->num_blocks(), cache_->block_len());
  const StepShare share(core_share_, pool_);
  forward(batch);
  Choices choices;
  choose_rows(batch, &choices);
  score_rows(batch, &choices);
  return choices;
}

void Model::forward(const Batch& batch) {
  embed(batch);
  compute_angles(batch);
  owners_.resize(static_cast<size_t>(batch.num_tokens));
  for (int sequence = 0; sequence < batch.num_sequences; ++sequence) {
    std::fill(owners_.begin() + batch.starts[sequence], owners_.begin() + batch.starts[sequence + 1], sequence);
  }
  int planned = -1;
  for (const Layer& layer : weights_.layers) {
    if (layer.window != planned) attention_.plan(batch, planned = layer.window);
    attend(batch, layer, cache_->layer(static_cast<int>(&layer - weights_.layers.data())));
    for (int token = 0; token < batch.num_tokens; token += kMlpRows) {
      run_mlp(layer, token, std::min(kMlpRows, batch.num_tokens - token));
    }
  }
}

void Model::embed(const Batch& batch) {
  const size_t size = static_cast<size_t>(shape_.hidden_size);
  hidden_.resize(static_cast<size_t>(batch.num_tokens) * size);
  const Matrix& matrix = weights_.embedding;
  for_rows(batch.num_tokens, shape_.hidden_size, [&](int token) {
    unpack_row(matrix.format, matrix.packed, matrix.num_outputs, matrix.num_inputs, batch.token_ids[token],
               hidden_.data() + static_cast<size_t>(token) * size);
  });
}

void Model::compute_angles(const Batch& batch) {
  const size_t half = weights_.frequencies.size();
  cosines_.resize(static_cast<size_t>(batch.num_tokens) * half);
  sines_.resize(cosines_.size());
  for_rows(batch.num_tokens, 32 * shape_.head_dim, [&](int token) {
    const float position = static_cast<float>(batch.positions[token]);
    for (size_t i = 0; i < half; ++i) {
      const float angle = position * weights_.frequencies[i];
      cosines_[static_cast<size_t>(token) * half + i] = std::cos(angle);
      sines_[static_cast<size_t>(token) * half + i] = std::sin(angle);
    }
  });
}

void Model::attend(const Batch& batch, const Layer& layer, const CacheLayer& cache) {
  const size_t num_tokens = static_cast<size_t>(batch.num_tokens);
  normed_.resize(num_tokens * static_cast<size_t>(shape_.hidden_size));
  qkv_.resize(num_tokens * static_cast<size_t>(shape_.qkv_size()));
  mixed_.resize(num_tokens * static_cast<size_t>(shape_.q_size()));
  normalise(layer.attention_norm, hidden_.data(), batch.num_tokens, normed_.data());
  multiply(layer.qkv, normed_.data(), batch.num_tokens, qkv_.data(), false);
  place_heads(batch, layer, cache);
  attention_.attend(batch, layer.window, cache, qkv_.data(), static_cast<size_t>(shape_.qkv_size()), mixed_.data());
  multiply(layer.output, mixed_.data(), batch.num_tokens, hidden_.data(), true);
}

// Norms and turns queries and keys, and stores keys and values.
void Model::place_heads(const Batch& batch, const Layer& layer, const CacheLayer& cache) {
  const int dim = shape_.head_dim, num_turned = shape_.num_heads + shape_.num_kv_heads;
  const size_t half = weights_.frequencies.size();
  for_rows(batch.num_tokens, 4 * shape_.qkv_size(), [&](int token) {
    float* heads = qkv_.data() + static_cast<size_t>(token) * static_cast<size_t>(shape_.qkv_size());
    for (int head = 0; head < num_turned; ++head) {
      float* x = heads + static_cast<size_t>(head) * dim;
      const float* norm = head < shape_.num_heads ? layer.query_norm : layer.key_norm;
      if (norm != nullptr) kernels_.rms_norm(x, norm, shape_.rms_norm_eps, dim, x);
      kernels_.rotate(x, cosines_.data() + static_cast<size_t>(token) * half,
                      sines_.data() + static_cast<size_t>(token) * half, dim);
    }
    const int position = batch.positions[token], sequence = owners_[static_cast<size_t>(token)];
    const int32_t* blocks = batch.block_tables + static_cast<size_t>(sequence) * batch.table_width;
    const float* keys = heads + static_cast<size_t>(shape_.num_heads) * dim;
    const float* values = heads + static_cast<size_t>(num_turned) * dim;
    for (int head = 0; head < shape_.num_kv_heads; ++head) {
      kernels_.store_key_value(cache, blocks[position / cache.block_len], position % cache.block_len, head,
                               keys + static_cast<size_t>(head) * dim, values + static_cast<size_t>(head) * dim);
    }
  });
}

void Model::run_mlp(const Layer& layer, int first_token, int num_tokens) {
  const size_t hidden_size = static_cast<size_t>(shape_.hidden_size);
  const size_t inner = static_cast<size_t>(shape_.intermediate_size);
  float* x = hidden_.data() + static_cast<size_t>(first_token) * hidden_size;
  gate_up_.resize(std::max(gate_up_.size(), static_cast<size_t>(num_tokens) * 2 * inner));
  activated_.resize(std::max(activated_.size(), static_cast<size_t>(num_tokens) * inner));
  normalise(layer.mlp_norm, x, num_tokens, normed_.data());
  multiply(layer.gate_up, normed_.data(), num_tokens, gate_up_.data(), false);
  for_rows(num_tokens, 3 * shape_.intermediate_size, [&](int row) {
    kernels_.swiglu(gate_up_.data() + static_cast<size_t>(row) * 2 * inner, shape_.intermediate_size,
                    activated_.data() + static_cast<size_t>(row) * inner);
  });
  multiply(layer.down, activated_.data(), num_tokens, x, true);
}

void Model::normalise(const float* weight, const float* x, int num_rows, float* y) {
  const size_t size = static_cast<size_t>(shape_.hidden_size);
  for_rows(num_rows, shape_.hidden_size, [&](int row) {
    kernels_.rms_norm(x + static_cast<size_t>(row) * size, weight, shape_.rms_norm_eps, shape_.hidden_size,
                      y + static_cast<size_t>(row) * size);
  });
}

void Model::multiply(const Linear& linear_layer, const float* x, int num_rows, float* y, bool accumulate) {
  const Matrix& weight = linear_layer.weight;
  activations_.prepare(x, num_rows, weight.num_inputs, weight.format, isa_, pool_);
  linear(weight, activations_, y, static_cast<size_t>(weight.num_outputs), isa_, pool_, linear_layer.bias, accumulate);
}

void Model::logits(const int32_t* tokens, int num_tokens, float* out) {
  const size_t size = static_cast<size_t>(shape_.hidden_size);
  normed_.resize(std::max(normed_.size(), static_cast<size_t>(num_tokens) * size));
  for (int row = 0; row < num_tokens; ++row) {
    if (static_cast<size_t>(tokens[row] + 1) * size > hidden_.size()) {
      throw std::invalid_argument("logits of a token that was not in the latest step");
    }
    kernels_.rms_norm(hidden_.data() + static_cast<size_t>(tokens[row]) * size, weights_.norm, shape_.rms_norm_eps,
                      shape_.hidden_size, normed_.data() + static_cast<size_t>(row) * size);
  }
  multiply({weights_.head, nullptr}, normed_.data(), num_tokens, out, false);
}

void Model::choose_rows(const Batch& batch, Choices* choices) {
  const SamplingPlans& plans = batch.plans;
  choices->rows.resize(static_cast<size_t>(plans.num_rows));
  const size_t vocab_size = static_cast<size_t>(shape_.vocab_size);
  std::atomic<Flaw> flaw{Flaw::None};
  for (int start = 0; start < plans.num_rows; start += kLogitRows) {
    const int num_rows = std::min(kLogitRows, plans.num_rows - start);
    int32_t tokens[kLogitRows];
    for (int row = 0; row < num_rows; ++row) tokens[row] = batch.starts[plans.sequences[start + row] + 1] - 1;
    logits_.resize(std::max(logits_.size(), static_cast<size_t>(num_rows) * vocab_size));
    logits(tokens, num_rows, logits_.data());
    pool_.for_each(num_rows, [&](int row, int thread) {
      Flaw row_flaw = Flaw::None;
      choices->rows[static_cast<size_t>(start + row)] =
          choose(logits_.data() + static_cast<size_t>(row) * vocab_size, shape_.vocab_size, plans, start + row,
                 kernels_, sampling_[static_cast<size_t>(thread)], &row_flaw);
      if (row_flaw != Flaw::None) flaw.store(row_flaw);
    });
  }
  if (flaw.load() != Flaw::None) throw NoChoice(flaw.load());
}

void Model::score_rows(const Batch& batch, Choices* choices) {
  const int num_scored = batch.score_tokens.size;
  choices->scores.resize(static_cast<size_t>(num_scored));
  const size_t vocab_size = static_cast<size_t>(shape_.vocab_size);
  for (int start = 0; start < num_scored; start += kLogitRows) {
    const int num_rows = std::min(kLogitRows, num_scored - start);
    logits_.resize(std::max(logits_.size(), static_cast<size_t>(num_rows) * vocab_size));
    logits(batch.score_tokens.data + start, num_rows, logits_.data());
    pool_.for_each(num_rows, [&](int row, int) {
      choices->scores[static_cast<size_t>(start + row)] =
          score(logits_.data() + static_cast<size_t>(row) * vocab_size, shape_.vocab_size,
                batch.score_targets[start + row], kernels_);
    });
  }
}

template <class F>
void Model::for_rows(int num_rows, int floats_per_row, F&& task) {
  if (static_cast<int64_t>(num_rows) * floats_per_row < kSerialFloats) {
    for (int row = 0; row < num_rows; ++row) task(row);
    return;
  }
  const int least = std::max(1, num_rows / (16 * pool_.num_used()));
  pool_.for_stretches(num_rows, least, [&](int first, int last, int) {
    for (int row = first; row < last; ++row) task(row);
  });
}

}  // namespace firstbyte
