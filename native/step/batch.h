// One step's work and its result; the members are those of `Batch`, `SamplingPlans` and `Choices` in backend.py.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace firstbyte {

// A borrowed array.
template <class T>
struct Span {
  const T* data = nullptr;
  int size = 0;
  const T& operator[](int index) const { return data[index]; }
};

struct SamplingPlans {
  int num_rows = 0;
  const int32_t* sequences = nullptr;
  const bool* is_sampled = nullptr;
  const float* temperature = nullptr;
  const int32_t* top_k = nullptr;
  const float* top_p = nullptr;
  const float* typical_p = nullptr;
  const float* repetition_penalty = nullptr;
  const float* frequency_penalty = nullptr;
  const uint64_t* seeds = nullptr;
  const uint64_t* draws = nullptr;
  const int32_t* num_top = nullptr;
  Span<int32_t> history_ids;
  const int32_t* history_starts = nullptr;  // [num_rows + 1]
  int num_words = 0;                        // of `allowed` and of `green`, for each row
  const int32_t* allowed = nullptr;         // [num_rows][num_words]; null if no row has a grammar
  const float* green_bias = nullptr;
  const int32_t* green = nullptr;           // [num_rows][num_words]; null if no row has a watermark
};

struct Batch {
  int num_tokens = 0;
  int num_sequences = 0;
  int table_width = 0;
  const int32_t* token_ids = nullptr;     // [num_tokens]
  const int32_t* positions = nullptr;     // [num_tokens]
  const int32_t* starts = nullptr;        // [num_sequences + 1]
  const int32_t* context_lens = nullptr;  // [num_sequences]
  const int32_t* block_tables = nullptr;  // [num_sequences][table_width]
  SamplingPlans plans;
  Span<int32_t> score_tokens;
  Span<int32_t> score_targets;
};

// What was chosen for one row.
struct Choice {
  int32_t token_id = 0;
  float logprob = 0;
  std::vector<int32_t> top_ids;
  std::vector<float> top_logprobs;
};

struct Choices {
  std::vector<Choice> rows;
  std::vector<float> scores;
};

// Why no token could be chosen.
enum class Flaw { None, NotFinite, NothingAllowed };

struct NoChoice : std::runtime_error {
  explicit NoChoice(Flaw flaw)
      : std::runtime_error(flaw == Flaw::NotFinite ? "the model's scores are not finite numbers"
                                                   : "a grammar allows no token") {}
};

// Throws std::invalid_argument unless every index of the plans is within its bounds.
void check_plans(const SamplingPlans& plans, int num_sequences, int vocab_size);

// Throws std::invalid_argument unless every index of the batch is within its bounds.
void check_batch(const Batch& batch, int vocab_size, int num_blocks, int block_len);

}  // namespace firstbyte
