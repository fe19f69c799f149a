// From logits to chosen tokens, row by row: the same processors, order, formulas and random numbers as
// `engine/sampling.py`, which says where they come from. What the two compute from the same logits differs by rounding
// only.
#pragma once

#include <cstdint>
#include <vector>

#include "batch.h"
#include "kernels.h"

namespace firstbyte {

// One thread's room, kept between steps.
struct SamplingScratch {
  std::vector<double> weights;
  std::vector<double> distances;
  std::vector<int32_t> ids;
  std::vector<int32_t> order;
  std::vector<int32_t> counts;
};

// Chooses a token for row `row` of the plans from its logits [vocab_size], which are overwritten.
// Sets `flaw`, and chooses nothing, where that cannot be done.
Choice choose(float* logits, int vocab_size, const SamplingPlans& plans, int row, const StepKernels& kernels,
              SamplingScratch& scratch, Flaw* flaw);

// log-softmax of plain logits at `target`.
float score(const float* logits, int vocab_size, int target, const StepKernels& kernels);

}  // namespace firstbyte
