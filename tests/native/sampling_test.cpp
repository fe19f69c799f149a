// Sampling under the sanitizers: the order of its results against a full sort. What it must compute exactly is held
// against `engine/sampling.py` by the Python tests.
#include <algorithm>
#include <cmath>
#include <limits>

#include "check.h"
#include "step/random.h"
#include "step/sampling.h"

namespace firstbyte {
namespace {

using firstbyte_test::gaussian;

struct Plan {
  int32_t sequence = 0, top_k = 0, num_top = 0;
  bool is_sampled = false;
  float temperature = 1, top_p = 1, typical_p = 1, repetition_penalty = 1, frequency_penalty = 0, green_bias = 0;
  uint64_t seed = 0, draw = 0;
  std::vector<int32_t> history, allowed, green;

  Choice choose_from(std::vector<float> logits, Isa isa, Flaw* flaw) const {
    const int32_t starts[2] = {0, static_cast<int32_t>(history.size())};
    const SamplingPlans plans{1, &sequence, &is_sampled, &temperature, &top_k, &top_p, &typical_p, &repetition_penalty,
                              &frequency_penalty, &seed, &draw, &num_top, {history.data(), starts[1]}, starts,
                              static_cast<int>(std::max(allowed.size(), green.size())),
                              allowed.empty() ? nullptr : allowed.data(), &green_bias,
                              green.empty() ? nullptr : green.data()};
    SamplingScratch scratch;
    return choose(logits.data(), static_cast<int>(logits.size()), plans, 0, step_kernels(isa), scratch, flaw);
  }
};

std::vector<int32_t> sorted_ids(const std::vector<float>& logits) {
  std::vector<int32_t> ids(logits.size());
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i);
  std::stable_sort(ids.begin(), ids.end(), [&logits](int32_t a, int32_t b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  return ids;
}

void test_best_are_listed_in_order(Isa isa, int size) {
  const std::vector<float> logits = gaussian(static_cast<size_t>(size), 7, 4);
  Plan plan;
  plan.num_top = 10;
  Flaw flaw = Flaw::NotFinite;
  const Choice choice = plan.choose_from(logits, isa, &flaw);
  std::vector<int32_t> expected = sorted_ids(logits);
  expected.resize(std::min<size_t>(expected.size(), choice.top_ids.size()));
  CHECK(flaw == Flaw::None && choice.top_ids == expected && choice.token_id == expected[0], "size %d", size);
  CHECK(static_cast<int>(choice.top_ids.size()) >= std::min(10, size), "size %d", size);
}

void test_top_k_draws_from_the_k_best(Isa isa, int size) {
  const std::vector<float> logits = gaussian(static_cast<size_t>(size), 8, 2);
  std::vector<int32_t> best = sorted_ids(logits);
  best.resize(std::min<size_t>(best.size(), 50));
  Plan plan;
  plan.is_sampled = true;
  plan.top_k = 50;
  plan.top_p = 0.9f;
  plan.typical_p = 0.95f;
  plan.temperature = 1.5f;
  plan.repetition_penalty = 1.2f;
  plan.frequency_penalty = 0.3f;
  for (plan.draw = 0; plan.draw < 50; ++plan.draw) {
    Flaw flaw = Flaw::NotFinite;
    const Choice choice = plan.choose_from(logits, isa, &flaw);
    CHECK(flaw == Flaw::None && std::count(best.begin(), best.end(), choice.token_id) == 1, "size %d", size);
  }
}

void test_only_what_is_allowed_is_chosen(Isa isa, int size) {
  const std::vector<float> logits = gaussian(static_cast<size_t>(size), 10);
  Plan plan;
  plan.num_top = size;
  plan.temperature = 0.5f;
  plan.allowed.assign(static_cast<size_t>((size + 31) / 32), 0x5555);  // beyond the end too
  Flaw flaw = Flaw::NotFinite;
  const Choice choice = plan.choose_from(logits, isa, &flaw);
  CHECK(flaw == Flaw::None, "size %d", size);
  for (int32_t id : choice.top_ids) CHECK(id % 2 == 0 && id % 32 < 16, "size %d: %d", size, id);
  std::fill(plan.allowed.begin(), plan.allowed.end(), 0);
  plan.choose_from(logits, isa, &flaw);
  CHECK(flaw == Flaw::NothingAllowed, "size %d", size);
}

void test_the_green_are_favoured(Isa isa, int size) {
  const std::vector<float> logits = gaussian(static_cast<size_t>(size), 11);
  Plan plan;
  plan.green_bias = 1000;
  plan.green.assign(static_cast<size_t>((size + 31) / 32), 0x5555);
  Flaw flaw = Flaw::NotFinite;
  const Choice choice = plan.choose_from(logits, isa, &flaw);
  CHECK(flaw == Flaw::None && choice.token_id % 2 == 0 && choice.token_id % 32 < 16, "size %d", size);
}

void test_what_is_not_a_number_is_noticed(Isa isa) {
  for (float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::vector<float> logits = gaussian(1000, 9);
    logits[777] = value;
    Plan plan;
    plan.top_k = 3;
    Flaw flaw = Flaw::None;
    plan.choose_from(logits, isa, &flaw);
    CHECK(flaw == Flaw::NotFinite, "value %g", static_cast<double>(value));
  }
}

void test_random_numbers_fill_the_interval() {
  double sum = 0;
  for (uint64_t draw = 0; draw < 10000; ++draw) {
    const double number = uniform(~draw, draw);
    CHECK(number >= 0 && number < 1, "draw %d", static_cast<int>(draw));
    sum += number;
  }
  CHECK(std::fabs(sum / 10000 - 0.5) < 0.02, "mean %g", sum / 10000);
  CHECK(uniform(1, ~uint64_t{0}) < 1, "the counter carries");
}

}  // namespace
}  // namespace firstbyte

int main() {
  using namespace firstbyte;
  test_random_numbers_fill_the_interval();
  for (Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512Vnni, Isa::NeonDot}) {
    if (!is_available(isa)) continue;
    for (int size : {1, 2, 10, 97, 1000, 32000}) {
      test_best_are_listed_in_order(isa, size);
      test_top_k_draws_from_the_k_best(isa, size);
      test_only_what_is_allowed_is_chosen(isa, size);
      test_the_green_are_favoured(isa, size);
    }
    test_what_is_not_a_number_is_noticed(isa);
  }
  return firstbyte_test::num_failures;
}
