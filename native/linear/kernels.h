// The seam between the driver (linear.cpp, activations.cpp), compiled for the base instruction set, and the kernels,
// each compiled for its own. Plain structs and function pointers cross it, nothing inline.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa.h"
#include "linear/format.h"

namespace firstbyte {

// What a row of activations is to a kernel.
//   Float        f32 inputs
//   Bytes        a record per group of 32 inputs: 32 int8 q, f32 scale, i32 start
//   WideSwapped  a record per group of 32 inputs: 32 int16 q, each four in the order 0 2 1 3, f32 scale, i32 start
// where x = scale * q, and start = -stored_offset(format) * sum(q) is where the sums of products begin (format.h).
// Records keep all a tile needs of a row behind one pointer.
enum class ActivationLayout { Float, Bytes, WideSwapped };

constexpr int kByteRecord = kGroupInputs + 8;
constexpr int kWideRecord = 2 * kGroupInputs + 8;

struct Rows {
  int num_rows;
  int num_inputs;
  const std::uint8_t* values;
  std::size_t stride;  // bytes from row to row
};

// Where results go: y[row * stride + output], each y = sum + bias, or y + (sum + bias) if `accumulate`.
struct Output {
  float* y;
  std::size_t stride;
  const float* bias;  // [num_outputs] or null
  bool accumulate;
};

// Computes all rows for panels first_panel .. last_panel-1. Writes nothing else of y.
using LinearKernel = void (*)(const Matrix&, const Rows&, const Output&, int first_panel, int last_panel);

// Quantises one row into records for `format`: scale = absmax / 127 per group, rounded to nearest even. A group that
// holds NaN or Inf gets a NaN scale, so the result is NaN for that row and no other; one below 1e-30 everywhere counts
// as zero.
using QuantiseKernel = void (*)(Format, const float* x, int num_inputs, std::uint8_t* records);

struct Kernels {
  LinearKernel f32, bf16, f16, int8, int4;
  QuantiseKernel quantise;
  ActivationLayout int8_layout, int4_layout;

  LinearKernel linear(Format) const;
  ActivationLayout layout(Format) const;
};

// Throws std::invalid_argument if this build has no kernels for `isa`. Whether the processor can run them is the
// caller's to know (detect_isa).
const Kernels& kernels_of(Isa isa);

#define FIRSTBYTE_DECLARE_KERNELS(isa)                                  \
  void f32_##isa(const Matrix&, const Rows&, const Output&, int, int);  \
  void bf16_##isa(const Matrix&, const Rows&, const Output&, int, int); \
  void f16_##isa(const Matrix&, const Rows&, const Output&, int, int);  \
  void int8_##isa(const Matrix&, const Rows&, const Output&, int, int); \
  void int4_##isa(const Matrix&, const Rows&, const Output&, int, int); \
  void quantise_##isa(Format, const float*, int, std::uint8_t*)

FIRSTBYTE_DECLARE_KERNELS(portable);
FIRSTBYTE_DECLARE_KERNELS(avx2);
FIRSTBYTE_DECLARE_KERNELS(avx512vnni);
FIRSTBYTE_DECLARE_KERNELS(neon);
#undef FIRSTBYTE_DECLARE_KERNELS

}  // namespace firstbyte
