#include "bound_batch.h"

#include <limits>

namespace firstbyte {
namespace {

int to_int(size_t size) {
  if (size > static_cast<size_t>(std::numeric_limits<int>::max())) throw std::invalid_argument("an array is too long");
  return static_cast<int>(size);
}

// The array's data; its owner is the Python object that `owner` keeps alive for the call.
template <class T>
const T* read(nb::handle owner, const char* name, size_t len) {
  const auto array = read_array<T, 1>(owner, name);
  require_len(array, len, name);
  return array.data();
}

Span<int32_t> read_span(nb::handle owner, const char* name) {
  const auto array = read_array<int32_t, 1>(owner, name);
  return {array.data(), to_int(array.shape(0))};
}

// One bit for each token in each row, or null for None; all that are given have as many words.
const int32_t* read_bits(nb::handle owner, const char* name, size_t len, int* num_words) {
  if (owner.attr(name).is_none()) return nullptr;
  const auto bits = read_array<int32_t, 2>(owner, name);
  require_len(bits, len, name);
  const int found = to_int(bits.shape(1));
  if (*num_words != 0 && *num_words != found) throw std::invalid_argument("allowed and green differ in their words");
  *num_words = found;
  return bits.data();
}

}  // namespace

SamplingPlans read_plans(nb::handle object) {
  SamplingPlans plans;
  const Span<int32_t> sequences = read_span(object, "sequences");
  const size_t len = static_cast<size_t>(sequences.size);
  plans.num_rows = sequences.size;
  plans.sequences = sequences.data;
  plans.is_sampled = read<bool>(object, "is_sampled", len);
  plans.temperature = read<float>(object, "temperature", len);
  plans.top_k = read<int32_t>(object, "top_k", len);
  plans.top_p = read<float>(object, "top_p", len);
  plans.typical_p = read<float>(object, "typical_p", len);
  plans.repetition_penalty = read<float>(object, "repetition_penalty", len);
  plans.frequency_penalty = read<float>(object, "frequency_penalty", len);
  plans.seeds = read<uint64_t>(object, "seeds", len);
  plans.draws = read<uint64_t>(object, "draws", len);
  plans.num_top = read<int32_t>(object, "num_top", len);
  plans.history_ids = read_span(object, "history_ids");
  plans.history_starts = read<int32_t>(object, "history_starts", len + 1);
  plans.green_bias = read<float>(object, "green_bias", len);
  plans.allowed = read_bits(object, "allowed", len, &plans.num_words);
  plans.green = read_bits(object, "green", len, &plans.num_words);
  return plans;
}

Batch read_batch(nb::handle object) {
  Batch batch;
  const Span<int32_t> token_ids = read_span(object, "token_ids"), context_lens = read_span(object, "context_lens");
  batch.num_tokens = token_ids.size;
  batch.num_sequences = context_lens.size;
  batch.token_ids = token_ids.data;
  batch.context_lens = context_lens.data;
  batch.positions = read<int32_t>(object, "positions", static_cast<size_t>(token_ids.size));
  batch.starts = read<int32_t>(object, "starts", static_cast<size_t>(context_lens.size) + 1);
  const auto tables = read_array<int32_t, 2>(object, "block_tables");
  require_len(tables, static_cast<size_t>(context_lens.size), "block_tables");
  batch.block_tables = tables.data();
  batch.table_width = to_int(tables.shape(1));
  batch.plans = read_plans(object.attr("plans"));
  batch.score_tokens = read_span(object, "score_tokens");
  batch.score_targets = read_span(object, "score_targets");
  return batch;
}

nb::tuple write_choices(Choices choices) {
  std::vector<int32_t> token_ids, top_starts{0}, top_ids;
  std::vector<float> logprobs, top_logprobs;
  for (const Choice& row : choices.rows) {
    token_ids.push_back(row.token_id);
    logprobs.push_back(row.logprob);
    top_ids.insert(top_ids.end(), row.top_ids.begin(), row.top_ids.end());
    top_logprobs.insert(top_logprobs.end(), row.top_logprobs.begin(), row.top_logprobs.end());
    top_starts.push_back(static_cast<int32_t>(top_ids.size()));
  }
  return nb::make_tuple(to_numpy(std::move(token_ids)), to_numpy(std::move(logprobs)),
                        to_numpy(std::move(top_starts)), to_numpy(std::move(top_ids)),
                        to_numpy(std::move(top_logprobs)), to_numpy(std::move(choices.scores)));
}

}  // namespace firstbyte
