#include "batch.h"

#include <string>

namespace firstbyte {
namespace {

void require(bool is_true, const char* rule) {
  if (!is_true) throw std::invalid_argument(std::string("batch: ") + rule);
}

bool is_below(int32_t value, int limit) { return value >= 0 && value < limit; }

void check_starts(const int32_t* starts, int num_parts, int total, const char* rule) {
  require(starts[0] == 0 && starts[num_parts] == total, rule);
  for (int part = 0; part < num_parts; ++part) require(starts[part] <= starts[part + 1], rule);
}

void check_sequence(const Batch& batch, int sequence, int num_blocks, int block_len) {
  const int first = batch.starts[sequence], end = batch.starts[sequence + 1], len = batch.context_lens[sequence];
  require(first < end, "each sequence has a token in the step");
  require(len >= end - first, "context_lens include the step's tokens");
  for (int token = first; token < end; ++token) {
    require(batch.positions[token] == len - (end - token), "positions of a sequence end at its context_len");
  }
  const int num_needed = (len - 1) / block_len + 1;
  require(num_needed <= batch.table_width, "block_tables are wide enough for the context");
  const int32_t* blocks = batch.block_tables + static_cast<size_t>(sequence) * batch.table_width;
  for (int i = 0; i < num_needed; ++i) require(is_below(blocks[i], num_blocks), "block_tables name existing blocks");
}

}  // namespace

void check_plans(const SamplingPlans& plans, int num_sequences, int vocab_size) {
  check_starts(plans.history_starts, plans.num_rows, plans.history_ids.size, "history_starts cover history_ids");
  for (int row = 0; row < plans.num_rows; ++row) {
    require(is_below(plans.sequences[row], num_sequences), "plans.sequences name sequences of the step");
    require(plans.temperature[row] > 0, "temperatures are above 0");
    require(plans.num_top[row] >= 0, "num_top is 0 or more");
  }
  for (int i = 0; i < plans.history_ids.size; ++i) {
    require(is_below(plans.history_ids[i], vocab_size), "history_ids are within the vocabulary");
  }
  const bool has_bits = plans.allowed != nullptr || plans.green != nullptr;
  require(!has_bits || plans.num_words == (vocab_size - 1) / 32 + 1, "allowed and green have a bit for each token");
}

void check_batch(const Batch& batch, int vocab_size, int num_blocks, int block_len) {
  require(batch.num_sequences > 0, "it has a sequence");
  check_starts(batch.starts, batch.num_sequences, batch.num_tokens, "starts cover the step's tokens");
  for (int token = 0; token < batch.num_tokens; ++token) {
    require(is_below(batch.token_ids[token], vocab_size), "token_ids are within the vocabulary");
  }
  for (int sequence = 0; sequence < batch.num_sequences; ++sequence) {
    check_sequence(batch, sequence, num_blocks, block_len);
  }
  check_plans(batch.plans, batch.num_sequences, vocab_size);
  require(batch.score_tokens.size == batch.score_targets.size, "one target for each scored token");
  for (int i = 0; i < batch.score_tokens.size; ++i) {
    require(is_below(batch.score_tokens[i], batch.num_tokens), "score_tokens are tokens of the step");
    require(is_below(batch.score_targets[i], vocab_size), "score_targets are within the vocabulary");
  }
}

}  // namespace firstbyte
