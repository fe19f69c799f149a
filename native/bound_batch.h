// `Batch` and `SamplingPlans` of backend.py as the C++ structs of the same names.
#pragma once

#include "arrays.h"
#include "step/batch.h"

namespace firstbyte {

// Borrowed: good while the Python object lives. Throws std::invalid_argument for an array of a wrong type or length.
SamplingPlans read_plans(nb::handle plans);
Batch read_batch(nb::handle batch);

// (token_ids, logprobs, top_starts, top_ids, top_logprobs, scores): the members of `Choices`, in order.
nb::tuple write_choices(Choices choices);

}  // namespace firstbyte
