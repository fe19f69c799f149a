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

// A mass is measured in float64, with the same operations in the same order as in `engine/sampling.py`, so that the two
// differ in its last digits only. p is a float32: what comes so near to it counts as equal to what it was rounded from.
// So neither decides where a sum meets p, as it does where probabilities are as round as p is.
constexpr double kSlack = 1e-7;

float finite(float value) { return std::min(std::max(value, -kLargest), kLargest); }

// A row's scores. After a filter only what it kept is left, in order of id.
class Row {
 public:
  Row(float* scores, int size, const StepKernels& kernels, SamplingScratch& scratch)
      : scores_(scores), size_(size), kernels_(kernels), scratch_(scratch) {}

  void favour_green(float bias, const int32_t* green);
  void penalise_repetition(float penalty, Span<int32_t> history);
  void penalise_frequency(float penalty, Span<int32_t> history);
  bool rule_out_disallowed(const int32_t* allowed);  // false if that leaves none
  void apply_temperature(float temperature);
  void keep_top_k(int k);
  void keep_top_p(float p);
  void keep_typical(float p);

  // To be called once no more scores change and before they are read; false if they are not finite numbers.
  bool normalise();
  int best() const;                 // index of the best score, the first of equals
  int draw(double number);          // index at `number` of the cumulative distribution
  int id(int index) const { return is_filtered_ ? scratch_.ids[static_cast<size_t>(index)] : index; }
  float logprob(int index) const { return scores_[index] - max_ - log_sum_; }
  void list_best(int num, Choice* choice) const;

 private:
  float find_kth_best(int k) const;
  std::vector<int32_t> find_at_least(float threshold) const;
  std::vector<int32_t> find_best(int num) const { return find_at_least(find_kth_best(num)); }  // and what ties with them
  bool find_max();
  double weigh();  // sets the scratch's weights, e^(score - max), and returns their sum; needs the maximum
  bool take_mass(const std::vector<int32_t>& order, double total, double p, std::vector<int32_t>* kept) const;
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

void Row::favour_green(float bias, const int32_t* green) {
  for (int i = 0; i < size_; ++i) {
    if ((static_cast<uint32_t>(green[i / 32]) >> (i % 32)) & 1) scores_[i] = finite(scores_[i] + bias);
  }
}

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

bool Row::rule_out_disallowed(const int32_t* allowed) {
  std::vector<int32_t> kept;
  for (int first = 0; first < size_; first += 32) {
    uint32_t bits = static_cast<uint32_t>(allowed[first / 32]);
    if (size_ - first < 32) bits &= (uint32_t{1} << (size_ - first)) - 1;
    for (; bits != 0; bits &= bits - 1) kept.push_back(first + __builtin_ctz(bits));
  }
  if (static_cast<int>(kept.size()) < size_) keep_indices(kept);
  return size_ > 0;
}

void Row::apply_temperature(float temperature) {
  for (int i = 0; i < size_; ++i) {
    if (scores_[i] > -kInfinity) scores_[i] = finite(scores_[i] / temperature);
  }
}

void Row::keep_top_k(int k) {
  if (k <= 0 || k >= size_) return;
  std::vector<int32_t> kept = find_best(k);
  keep_indices(kept);
}

void Row::keep_top_p(float p) {
  if (!find_max()) return;
  const double total = weigh();
  const auto is_before = [this](int32_t a, int32_t b) {
    return scores_[a] > scores_[b] || (scores_[a] == scores_[b] && a < b);
  };
  // A few of the best mostly have p together; if not, more are sorted.
  for (int num = 64; ; num *= 8) {
    std::vector<int32_t> order = find_best(std::min(num, size_));
    std::sort(order.begin(), order.end(), is_before);
    std::vector<int32_t> kept;
    const bool is_taken = take_mass(order, total, static_cast<double>(p), &kept);
    if (is_taken || static_cast<int>(order.size()) == size_) return keep_indices(kept);
  }
}

// Keeps what has less than p before it, and the first; false if all of `order` does.
bool Row::take_mass(const std::vector<int32_t>& order, double total, double p, std::vector<int32_t>* kept) const {
  double mass = 0;
  for (int32_t index : order) {
    const double probability = scratch_.weights[static_cast<size_t>(index)] / total;
    mass += probability;
    const double better = mass - probability;
    if (better >= p * (1 - kSlack) && !kept->empty()) return true;
    kept->push_back(index);
  }
  return false;
}

void Row::keep_typical(float p) {
  if (!find_max()) return;
  const double total = weigh();
  std::vector<double>& distances = scratch_.distances;
  distances.resize(static_cast<size_t>(size_));
  // A token's surprise is log(total) - (score - max), so the expected one is log(total) - mean.
  double mean = 0;
  for (size_t i = 0; i < distances.size(); ++i) {
    distances[i] = static_cast<double>(scores_[i]) - static_cast<double>(max_);
    if (scratch_.weights[i] > 0) mean += scratch_.weights[i] * distances[i];
  }
  mean /= total;
  for (double& distance : distances) distance = std::fabs(distance - mean);
  double mass = 0, limit = static_cast<double>(kInfinity);
  const auto is_before = [&distances](int32_t a, int32_t b) {
    const double first = distances[static_cast<size_t>(a)], second = distances[static_cast<size_t>(b)];
    return first < second || (first == second && a < b);
  };
  visit_in_order(is_before, [&](int32_t index) {
    mass += scratch_.weights[static_cast<size_t>(index)] / total;
    if (mass < static_cast<double>(p) * (1 - kSlack)) return true;
    limit = distances[static_cast<size_t>(index)];
    return false;
  });
  std::vector<int32_t> kept;
  for (int i = 0; i < size_; ++i) {
    if (distances[static_cast<size_t>(i)] <= limit) kept.push_back(i);
  }
  keep_indices(kept);
}

bool Row::find_max() {
  max_ = kernels_.max(scores_, size_);
  return std::fabs(max_) < kInfinity;
}

double Row::weigh() {
  scratch_.weights.resize(static_cast<size_t>(size_));
  kernels_.exp(scores_, size_, max_, scratch_.weights.data());
  double total = 0;
  for (double weight : scratch_.weights) total += weight;
  return total;
}

bool Row::normalise() {
  if (!find_max()) return false;
  log_sum_ = static_cast<float>(std::log(kernels_.sum_exp(scores_, size_, max_)));
  return true;
}

int Row::best() const { return static_cast<int>(std::find(scores_, scores_ + size_, max_) - scores_); }

int Row::draw(double number) {
  const double total = weigh();
  // Rounding must not reach the total itself: what lies beyond it has been filtered out.
  const double mark = std::min(number * total, std::nextafter(total, 0.0));
  double cumulative = 0;
  for (int i = 0; i < size_; ++i) {
    cumulative += scratch_.weights[static_cast<size_t>(i)];
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
  std::vector<int32_t> found = find_at_least(threshold);
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

std::vector<int32_t> Row::find_at_least(float threshold) const {
  std::vector<int32_t> found(static_cast<size_t>(size_));
  found.resize(static_cast<size_t>(kernels_.find_at_least(scores_, size_, threshold, found.data(), size_)));
  return found;
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

Flaw process(Row& row, const SamplingPlans& plans, int index) {
  const int32_t* starts = plans.history_starts + index;
  const Span<int32_t> history{plans.history_ids.data + starts[0], starts[1] - starts[0]};
  const size_t first_word = static_cast<size_t>(index) * static_cast<size_t>(plans.num_words);
  if (plans.green != nullptr && plans.green_bias[index] != 0.0f) {
    row.favour_green(plans.green_bias[index], plans.green + first_word);
  }
  if (plans.repetition_penalty[index] != 1.0f) row.penalise_repetition(plans.repetition_penalty[index], history);
  if (plans.frequency_penalty[index] != 0.0f) row.penalise_frequency(plans.frequency_penalty[index], history);
  if (plans.allowed != nullptr) {
    if (!row.rule_out_disallowed(plans.allowed + first_word)) return Flaw::NothingAllowed;
  }
  if (plans.temperature[index] != 1.0f) row.apply_temperature(plans.temperature[index]);
  row.keep_top_k(plans.top_k[index]);
  if (plans.top_p[index] < 1.0f) row.keep_top_p(plans.top_p[index]);
  if (plans.typical_p[index] < 1.0f) row.keep_typical(plans.typical_p[index]);
  return row.normalise() ? Flaw::None : Flaw::NotFinite;
}

}  // namespace

Choice choose(float* logits, int vocab_size, const SamplingPlans& plans, int row, const StepKernels& kernels,
              SamplingScratch& scratch, Flaw* flaw) {
  Choice choice;
  Row scores(logits, vocab_size, kernels, scratch);
  // Before anything is sorted: comparisons with NaN have no order.
  *flaw = std::fabs(kernels.max(logits, vocab_size)) < kInfinity ? process(scores, plans, row) : Flaw::NotFinite;
  if (*flaw != Flaw::None) return choice;
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
