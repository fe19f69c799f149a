// The matrix kernels: every instruction set against a reference in double precision and against each other.
#include "linear/linear.h"

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "check.h"
#include "linear/pack.h"

namespace firstbyte {
namespace {

using firstbyte_test::AlignedBytes;
using firstbyte_test::gaussian;

constexpr Format kFormats[] = {Format::F32, Format::BF16, Format::F16, Format::Int8, Format::Int4};
const char* const kFormatNames[] = {"f32", "bf16", "f16", "int8", "int4"};
const char* const kIsaNames[] = {"portable", "avx2", "avx512vnni", "neondot"};

const char* name_of(Format format) { return kFormatNames[static_cast<int>(format)]; }
const char* name_of(Isa isa) { return kIsaNames[static_cast<int>(isa)]; }

bool runs_here(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::Avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == Isa::Avx512Vnni) return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
  if (isa == Isa::NeonDot) return true;
#endif
  return isa == Isa::Portable;
}

std::vector<Isa> isas_here() {
  std::vector<Isa> found;
  for (const Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512Vnni, Isa::NeonDot}) {
    if (runs_here(isa)) found.push_back(isa);
  }
  return found;
}

struct Problem {
  Format format;
  int rows, outputs, inputs;
  std::vector<float> x, weights;
  AlignedBytes packed;

  Problem(Format f, int num_rows, int num_outputs, int num_inputs, ThreadPool& pool)
      : format(f),
        rows(num_rows),
        outputs(num_outputs),
        inputs(num_inputs),
        x(gaussian(static_cast<std::size_t>(num_rows) * num_inputs, 7)),
        weights(gaussian(static_cast<std::size_t>(num_outputs) * num_inputs, 11, 0.02f)),
        packed(packed_bytes(f, num_outputs, num_inputs)) {
    pack(format, weights.data(), outputs, inputs, packed.data(), pool);
  }

  Matrix matrix() { return {format, outputs, inputs, packed.data()}; }

  std::vector<float> run(Isa isa, ThreadPool& pool, int first_row, int num_rows) {
    std::vector<float> y(static_cast<std::size_t>(num_rows) * outputs, -1.0f);
    Activations activations;
    activations.prepare(x.data() + static_cast<std::size_t>(first_row) * inputs, num_rows, inputs, format, isa, pool);
    linear(matrix(), activations, y.data(), static_cast<std::size_t>(outputs), isa, pool);
    return y;
  }
};

// Quantises as the kernels do, but in double precision; what is left is rounding of float sums.
std::vector<double> inputs_as_seen(const Problem& problem) {
  std::vector<double> seen(problem.x.begin(), problem.x.end());
  if (!is_quantised(problem.format)) return seen;
  for (std::size_t group = 0; group < seen.size(); group += kGroupInputs) {
    float absmax = 0.0f;
    for (int i = 0; i < kGroupInputs; i++) absmax = std::fmax(absmax, std::fabs(problem.x[group + i]));
    const float inverse = 127.0f / absmax;
    for (int i = 0; i < kGroupInputs; i++) {
      seen[group + i] = std::nearbyint(problem.x[group + i] * inverse) * static_cast<double>(absmax / 127.0f);
    }
  }
  return seen;
}

// The largest |y - reference| over the sum of |x w|, which bounds what rounding may do.
double relative_error(Problem& problem, const std::vector<float>& y) {
  std::vector<float> weights(problem.weights.size());
  unpack(problem.format, problem.packed.data(), problem.outputs, problem.inputs, weights.data());
  const std::vector<double> x = inputs_as_seen(problem);
  double worst = 0.0;
  for (int row = 0; row < problem.rows; row++) {
    for (int output = 0; output < problem.outputs; output++) {
      double sum = 0.0, magnitude = 1e-30;
      for (int k = 0; k < problem.inputs; k++) {
        const double product = x[static_cast<std::size_t>(row) * problem.inputs + k] *
                               weights[static_cast<std::size_t>(output) * problem.inputs + k];
        sum += product;
        magnitude += std::fabs(product);
      }
      worst = std::fmax(worst, std::fabs(y[static_cast<std::size_t>(row) * problem.outputs + output] - sum) / magnitude);
    }
  }
  return worst;
}

bool same_bits(const float* a, const float* b, std::size_t count) { return std::memcmp(a, b, count * 4) == 0; }

// Rounding: some 2 units in the last place of a sum of 100 terms, relative to the sum of magnitudes.
void test_against_reference(ThreadPool& pool) {
  const int shapes[][3] = {{1, 16, 32},  {1, 48, 288}, {2, 17, 64},  {3, 33, 96},   {5, 1, 32},    {6, 100, 160},
                           {7, 64, 544}, {13, 40, 96}, {16, 96, 64}, {33, 31, 128}, {100, 48, 32}, {97, 80, 1120}};
  for (const Format format : kFormats) {
    for (const auto& shape : shapes) {
      Problem problem(format, shape[0], shape[1], shape[2], pool);
      for (const Isa isa : isas_here()) {
        const double error = relative_error(problem, problem.run(isa, pool, 0, problem.rows));
        CHECK(error < 1e-6, "%s %s %dx%dx%d: %g", name_of(isa), name_of(format), shape[0], shape[1], shape[2], error);
      }
    }
  }
}

void test_float_formats_take_any_number_of_inputs(ThreadPool& pool) {
  for (const Format format : {Format::F32, Format::BF16, Format::F16}) {
    for (const int inputs : {1, 7, 129, 300}) {
      Problem problem(format, 9, 21, inputs, pool);
      for (const Isa isa : isas_here()) {
        const double error = relative_error(problem, problem.run(isa, pool, 0, problem.rows));
        CHECK(error < 1e-6, "%s %s %d: %g", name_of(isa), name_of(format), inputs, error);
      }
    }
  }
}

// Vector kernels do the same float operations in the same order, so they agree in every bit.
void test_vector_kernels_agree(ThreadPool& pool) {
  if (!runs_here(Isa::Avx2) || !runs_here(Isa::Avx512Vnni)) return;
  for (const Format format : kFormats) {
    Problem problem(format, 37, 70, 608, pool);
    const std::vector<float> a = problem.run(Isa::Avx2, pool, 0, problem.rows);
    const std::vector<float> b = problem.run(Isa::Avx512Vnni, pool, 0, problem.rows);
    CHECK(same_bits(a.data(), b.data(), a.size()), "%s", name_of(format));
  }
}

void test_rows_do_not_depend_on_neighbours_or_threads(ThreadPool& pool) {
  ThreadPool single(1), triple(3);
  for (const Format format : kFormats) {
    for (const int outputs : {70, 16}) {
      Problem problem(format, 210, outputs, 608, pool);
      for (const Isa isa : isas_here()) {
        const std::vector<float> all = problem.run(isa, pool, 0, problem.rows);
        for (ThreadPool* threads : {&single, &pool, &triple}) {
          for (const int num_rows : {1, 2, 3, 5, 6, 7, 8, 9, 16, 31, 97, 201}) {
            const int first = 3;
            const std::vector<float> some = problem.run(isa, *threads, first, num_rows);
            CHECK(same_bits(some.data(), all.data() + static_cast<std::size_t>(first) * outputs, some.size()),
                  "%s %s: %d rows, %d outputs, %d threads", name_of(isa), name_of(format), num_rows, outputs,
                  threads->size());
          }
        }
      }
    }
  }
}

void test_bias_stride_and_accumulation(ThreadPool& pool) {
  Problem problem(Format::Int8, 5, 50, 64, pool);
  const std::vector<float> bias = gaussian(50, 3);
  const std::size_t stride = 53;
  for (const Isa isa : isas_here()) {
    const std::vector<float> plain = problem.run(isa, pool, 0, problem.rows);
    std::vector<float> y = gaussian(stride * 5, 5);
    const std::vector<float> before = y;
    Activations activations;
    activations.prepare(problem.x.data(), 5, 64, Format::Int8, isa, pool);
    linear(problem.matrix(), activations, y.data(), stride, isa, pool, bias.data(), true);
    for (std::size_t row = 0; row < 5; row++) {
      for (std::size_t j = 0; j < stride; j++) {
        const float old = before[row * stride + j];
        const float expected = j < 50 ? old + (plain[row * 50 + j] + bias[j]) : old;
        CHECK(y[row * stride + j] == expected, "%s row %zu output %zu", name_of(isa), row, j);
      }
    }
  }
}

void test_a_row_with_nan_harms_no_other(ThreadPool& pool) {
  for (const Format format : kFormats) {
    Problem problem(format, 8, 40, 96, pool);
    for (const Isa isa : isas_here()) {
      const std::vector<float> good = problem.run(isa, pool, 0, 8);
      const float kept = problem.x[3 * 96 + 40];
      for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
        problem.x[3 * 96 + 40] = bad;
        const std::vector<float> y = problem.run(isa, pool, 0, 8);
        for (int row = 0; row < 8; row++) {
          if (row == 3) {
            CHECK(!std::isfinite(y[3 * 40]), "%s %s", name_of(isa), name_of(format));
          } else {
            CHECK(same_bits(&y[row * 40], &good[row * 40], 40), "%s %s", name_of(isa), name_of(format));
          }
        }
      }
      problem.x[3 * 96 + 40] = kept;
    }
  }
}

void test_extreme_activations(ThreadPool& pool) {
  Problem problem(Format::Int8, 4, 16, 64, pool);
  for (int k = 0; k < 64; k++) {
    problem.x[k] = 0.0f;
    problem.x[64 + k] = k % 2 == 0 ? 1e-38f : -1e-45f;
    problem.x[128 + k] = k % 2 == 0 ? 3e38f : -3e38f;
    problem.x[192 + k] = 1e-20f;
  }
  for (const Isa isa : isas_here()) {
    const std::vector<float> y = problem.run(isa, pool, 0, 4);
    CHECK(y[0] == 0.0f && y[16] == 0.0f, "%s", name_of(isa));
    CHECK(std::isfinite(y[48]) && y[48] != 0.0f, "%s", name_of(isa));
  }
}

double round_trip_error(Format format, std::vector<float> weights, int outputs, int inputs, ThreadPool& pool) {
  AlignedBytes packed(packed_bytes(format, outputs, inputs));
  pack(format, weights.data(), outputs, inputs, packed.data(), pool);
  std::vector<float> back(weights.size());
  unpack(format, packed.data(), outputs, inputs, back.data());
  double error = 0.0, norm = 0.0;
  for (std::size_t i = 0; i < back.size(); i++) {
    error += (back[i] - weights[i]) * (back[i] - weights[i]);
    norm += weights[i] * weights[i];
  }
  return std::sqrt(error / norm);
}

void test_round_trips(ThreadPool& pool) {
  const double bounds[] = {0.0, 2e-3, 2.5e-4, 6.5e-3, 0.083};
  for (const Format format : kFormats) {
    const double error = round_trip_error(format, gaussian(70 * 608, 1, 0.02f), 70, 608, pool);
    CHECK(error <= bounds[static_cast<int>(format)], "%s: %g", name_of(format), error);
  }
  // Integers times a power of two are kept exactly, as blocks of GGUF's Q8_0 and Q4_0 would be.
  std::vector<float> exact(32 * 64);
  for (std::size_t i = 0; i < exact.size(); i++) exact[i] = 0.25f * (static_cast<float>(i * 7 % 16) - 8.0f);
  CHECK(round_trip_error(Format::Int4, exact, 32, 64, pool) == 0.0, "int4");
  for (std::size_t i = 0; i < exact.size(); i++) exact[i] = 0.5f * (i % 32 == 0 ? -127.0f : static_cast<float>(i % 200) - 99.0f);
  CHECK(round_trip_error(Format::Int8, exact, 32, 64, pool) == 0.0, "int8");
  for (const float scale : {1e-4f, 1e-7f, 1e-12f}) {  // f16 scales become subnormal, then zero
    round_trip_error(Format::Int4, gaussian(64, 2, scale), 2, 32, pool);
    round_trip_error(Format::Int8, gaussian(64, 2, scale), 2, 32, pool);
  }
}

std::string refusal(Format format, const std::vector<float>& weights, int outputs, int inputs, ThreadPool& pool) {
  try {
    AlignedBytes packed(packed_bytes(format, outputs, inputs));
    pack(format, weights.data(), outputs, inputs, packed.data(), pool);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

void test_refusals(ThreadPool& pool) {
  for (const Format format : kFormats) {
    for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
      std::vector<float> weights = gaussian(40 * 64, 9);
      weights[37 * 64 + 5] = bad;
      weights[21 * 64 + 63] = bad;
      CHECK(refusal(format, weights, 40, 64, pool).find("row 21 ") != std::string::npos, "%s", name_of(format));
    }
  }
  for (const Format format : {Format::F16, Format::Int8, Format::Int4}) {
    CHECK(!refusal(format, std::vector<float>(32, 3e7f), 1, 32, pool).empty(), "%s", name_of(format));
  }
  CHECK(!refusal(Format::Int8, gaussian(33, 1), 1, 33, pool).empty(), "33 inputs");
  CHECK(!refusal(Format::F32, {}, 0, 33, pool).empty(), "no outputs");
  Problem problem(Format::Int8, 1, 16, 32, pool);
  Activations activations;
  activations.prepare(problem.x.data(), 1, 32, Format::Int4, Isa::Portable, pool);
  bool refused = false;
  float y[16];
  try {
    linear(problem.matrix(), activations, y, 16, Isa::Portable, pool);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused, "activations of another format");
}

}  // namespace
}  // namespace firstbyte

int main() {
  firstbyte::ThreadPool pool(2);
  firstbyte::test_against_reference(pool);
  firstbyte::test_float_formats_take_any_number_of_inputs(pool);
  firstbyte::test_vector_kernels_agree(pool);
  firstbyte::test_rows_do_not_depend_on_neighbours_or_threads(pool);
  firstbyte::test_bias_stride_and_accumulation(pool);
  firstbyte::test_a_row_with_nan_harms_no_other(pool);
  firstbyte::test_extreme_activations(pool);
  firstbyte::test_round_trips(pool);
  firstbyte::test_refusals(pool);
  std::printf("linear_test: %d failures\n", firstbyte_test::num_failures);
  return firstbyte_test::num_failures == 0 ? 0 : 1;
}
