#include "sampling.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "random.h"

namespace firstbyte {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

float finite(float value) { return std::min(std::max(value, -kLargest), kLargest); }

// A row's scores. After a filter only what it kept is left, in order of id.
class Row {
 public:
  Row(float* scores, int size, const StepKernels& kernels, SamplingScratch& scratch)
      : scores_(scores), size_(size), kernels_(kernels), scratch_(scratch) {}

  void penalise_repetition(float penalty, Span<int32_t> history);
  void penalise_frequency(float penalty, Span<int32_t> history);
  void apply_temperature(float temperature);
  void keep_top_k(int k);
  void keep_top_p(float p);
  void keep_typical(float p);

  // To be called once no more scores change; false if they are not finite numbers.
  bool normalise();
  int best() const;                 // index of the best score, the first of equals
  int draw(double number) const;    // index at `number` of the cumulative distribution
  int id(int index) const { return is_filtered_ ? scratch_.ids[static_cast<size_t>(index)] : index; }
  float logprob(int index) const { return scores_[index] - max_ - log_sum_; }
  void list_best(int num, Choice* choice) const;

 private:
  float find_kth_best(int k) const;
  void keep_at_least(float threshold);
  void keep_indices(std::vector<int32_t>& indices);
  // Calls visit(index) for the indices in the order of `is_before` until it returns false, sorting no more than that.
  template <class Before, class Visit>
  void visit_in_order(Before is_before, Visit visit);

  float* scores_;
  int size_;
  const StepKernels& kernels_;
  SamplingScratch& scratch_;
  bool is_filtered_ = false;
  float max_ = 0;
  float log_sum_ = 0;
};

void Row::penalise_repetition(float penalty, Span<int32_t> history) {
  // Each id once, from its first value: the value is marked as done by its count.
  std::vector<int32_t>& seen = scratch_.order;
  seen.assign(history.data, history.data + history.size);
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  for (int32_t id : seen) {
    const float value = scores_[id];
    scores_[id] = finite(value < 0 ? value * penalty : value / penalty);
  }
}

void Row::penalise_frequency(float penalty, Span<int32_t> history) {
  std::vector<int32_t>& counts = scratch_.counts;
  if (counts.size() < static_cast<size_t>(size_)) counts.assign(static_cast<size_t>(size_), 0);
  for (int i = 0; i < history.size; ++i) ++counts[static_cast<size_t>(history[i])];
  for (int i = 0; i < history.size; ++i) {
    int32_t& count = counts[static_cast<size_t>(history[i])];
    if (count == 0) continue;  // done at its first occurrence
    const float share = static_cast<float>(count) / static_cast<float>(history.size);
    scores_[history[i]] -= penalty * share;
    count = 0;
  }
}

void Row::apply_temperature(float temperature) {
  for (int i = 0; i < size_; ++i) scores_[i] = finite(scores_[i] / temperature);
}

void Row::keep_top_k(int k) {
  if (k > 0 && k < size_) keep_at_least(find_kth_best(k));
}

void Row::keep_top_p(float p) {
  if (!normalise()) return;
  std::vector<int32_t> kept;
  float mass = 0;  // float32, summed in order, as NumPy does
  const auto is_before = [this](int32_t a, int32_t b) { return scores_[a] > scores_[b] || (scores_[a] == scores_[b] && a < b); };
  visit_in_order(is_before, [&](int32_t index) {
    const float probability = std::exp(logprob(index));
    mass += probability;
    const float better = mass - probability;
    if (better < p || better == 0.0f) kept.push_back(index);
    return better < p + 1e-4f;  // rounding may let `better` fall by a little, never by that much
  });
  keep_indices(kept);
}

void Row::keep_typical(float p) {
  if (!normalise()) return;
  std::vector<float>& distances = scratch_.shares;
  distances.resize(static_cast<size_t>(size_));
  double entropy = 0;
  for (int i = 0; i < size_; ++i) {
    const float surprise = -logprob(i);
    distances[static_cast<size_t>(i)] = surprise;
    if (surprise < kInfinity) entropy += static_cast<double>(std::exp(-surprise) * surprise);
  }
  for (float& distance : distances) distance = std::fabs(distance - static_cast<float>(entropy));
  float mass = 0, limit = kInfinity;
  const auto is_before = [&distances](int32_t a, int32_t b) {
    const float first = distances[static_cast<size_t>(a)], second = distances[static_cast<size_t>(b)];
    return first < second || (first == second && a < b);
  };
  visit_in_order(is_before, [&](int32_t index) {
    mass += std::exp(logprob(index));
    if (mass < p) return true;
    limit = distances[static_cast<size_t>(index)];
    return false;
  });
  std::vector<int32_t> kept;
  for (int i = 0; i < size_; ++i) {
    if (distances[static_cast<size_t>(i)] <= limit) kept.push_back(i);
  }
  keep_indices(kept);
}

bool Row::normalise() {
  max_ = kernels_.max(scores_, size_);
  if (!(std::fabs(max_) < kInfinity)) return false;
  log_sum_ = static_cast<float>(std::log(kernels_.sum_exp(scores_, size_, max_)));
  return true;
}

int Row::best() const { return static_cast<int>(std::find(scores_, scores_ + size_, max_) - scores_); }

int Row::draw(double number) const {
  std::vector<float>& shares = scratch_.shares;
  shares.resize(static_cast<size_t>(size_));
  kernels_.exp(scores_, size_, max_, shares.data());
  double total = 0;
  for (int i = 0; i < size_; ++i) total += static_cast<double>(shares[static_cast<size_t>(i)]);
  // Rounding must not reach the total itself: what lies beyond it has been filtered out.
  const double mark = std::min(number * total, std::nextafter(total, 0.0));
  double cumulative = 0;
  for (int i = 0; i < size_; ++i) {
    cumulative += static_cast<double>(shares[static_cast<size_t>(i)]);
    if (cumulative > mark) return i;
  }
  return best();
}

void Row::list_best(int num, Choice* choice) const {
  num = std::min(num, size_);
  if (num == 0) return;
  // Ties are those of the log-probabilities, where rounding can make one of two scores: so a little more is looked at.
  const float slack = 1e-5f * std::max(1.0f, std::fabs(max_));
  const float threshold = find_kth_best(num) - slack;
  std::vector<int32_t> found(static_cast<size_t>(size_));
  found.resize(static_cast<size_t>(kernels_.find_at_least(scores_, size_, threshold, found.data(), size_)));
  const auto is_before = [this](int32_t a, int32_t b) {
    const float first = logprob(a), second = logprob(b);
    return first > second || (first == second && a < b);
  };
  std::sort(found.begin(), found.end(), is_before);
  const float cut = logprob(found[static_cast<size_t>(num - 1)]);
  for (int32_t index : found) {
    if (logprob(index) < cut || logprob(index) == -kInfinity) break;
    choice->top_ids.push_back(id(index));
    choice->top_logprobs.push_back(logprob(index));
  }
}

// Looks at each score once, and sorts only what exceeds the best threshold known so far.
float Row::find_kth_best(int k) const {
  const int room = std::max(4 * k, 256);
  if (size_ <= room) {
    std::vector<float> all(scores_, scores_ + size_);
    std::nth_element(all.begin(), all.begin() + (k - 1), all.end(), std::greater<float>());
    return all[static_cast<size_t>(k - 1)];
  }
  std::vector<float> best(scores_, scores_ + room);
  const auto shrink = [&best, k] {
    std::nth_element(best.begin(), best.begin() + (k - 1), best.end(), std::greater<float>());
    best.resize(static_cast<size_t>(k));
    return best.back();
  };
  float threshold = shrink();
  std::vector<int32_t> found(static_cast<size_t>(room));
  for (int start = room; start < size_; start += room) {
    const int size = std::min(room, size_ - start);
    const int num = kernels_.find_at_least(scores_ + start, size, threshold, found.data(), size);
    for (int i = 0; i < num; ++i) best.push_back(scores_[start + found[static_cast<size_t>(i)]]);
    if (num > 0) threshold = shrink();
  }
  return threshold;
}

void Row::keep_at_least(float threshold) {
  std::vector<int32_t> kept(static_cast<size_t>(size_));
  kept.resize(static_cast<size_t>(kernels_.find_at_least(scores_, size_, threshold, kept.data(), size_)));
  keep_indices(kept);
}

void Row::keep_indices(std::vector<int32_t>& indices) {
  std::sort(indices.begin(), indices.end());
  std::vector<int32_t> ids(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    ids[i] = id(indices[i]);
    scores_[i] = scores_[indices[i]];  // in order, so nothing is overwritten before it is read
  }
  scratch_.ids = std::move(ids);
  is_filtered_ = true;
  size_ = static_cast<int>(indices.size());
}

template <class Before, class Visit>
void Row::visit_in_order(Before is_before, Visit visit) {
  std::vector<int32_t>& order = scratch_.order;
  order.resize(static_cast<size_t>(size_));
  for (int i = 0; i < size_; ++i) order[static_cast<size_t>(i)] = i;
  for (int visited = 0, num = 64; visited < size_; num *= 8) {
    const int end = num < size_ - visited ? visited + num : size_;
    const auto first = order.begin() + visited, last = order.begin() + end;
    if (end < size_) std::nth_element(first, last, order.end(), is_before);
    std::sort(first, last, is_before);
    for (; visited < end; ++visited) {
      if (!visit(order[static_cast<size_t>(visited)])) return;
    }
  }
}

void process(Row& row, const SamplingPlans& plans, int index) {
  const int32_t* starts = plans.history_starts + index;
  const Span<int32_t> history{plans.history_ids.data + starts[0], starts[1] - starts[0]};
  if (plans.repetition_penalty[index] != 1.0f) row.penalise_repetition(plans.repetition_penalty[index], history);
  if (plans.frequency_penalty[index] != 0.0f) row.penalise_frequency(plans.frequency_penalty[index], history);
  if (plans.temperature[index] != 1.0f) row.apply_temperature(plans.temperature[index]);
  row.keep_top_k(plans.top_k[index]);
  if (plans.top_p[index] < 1.0f) row.keep_top_p(plans.top_p[index]);
  if (plans.typical_p[index] < 1.0f) row.keep_typical(plans.typical_p[index]);
}

}  // namespace

Choice choose(float* logits, int vocab_size, const SamplingPlans& plans, int row, const StepKernels& kernels,
              SamplingScratch& scratch, bool* is_finite) {
  Choice choice;
  // Before anything is sorted: comparisons with NaN have no order.
  *is_finite = std::fabs(kernels.max(logits, vocab_size)) < kInfinity;
  if (!*is_finite) return choice;
  Row scores(logits, vocab_size, kernels, scratch);
  process(scores, plans, row);
  *is_finite = scores.normalise();
  if (!*is_finite) return choice;
  const int index = plans.is_sampled[row] ? scores.draw(uniform(plans.seeds[row], plans.draws[row])) : scores.best();
  choice.token_id = scores.id(index);
  choice.logprob = scores.logprob(index);
  scores.list_best(plans.num_top[row], &choice);
  return choice;
}

float score(const float* logits, int vocab_size, int target, const StepKernels& kernels) {
  const float max = kernels.max(logits, vocab_size);
  return logits[target] - max - static_cast<float>(std::log(kernels.sum_exp(logits, vocab_size, max)));
}

}  // namespace firstbyte
