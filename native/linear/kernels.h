// The seam between the driver (linear.cpp, activations.cpp), compiled for the base instruction set, and the kernels,
// each compiled for its own. Plain structs and function pointers cross it, nothing inline.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa.h"
#include "linear/format.h"

namespace firstbyte {

// Activations as a kernel reads them. Rows of `values` are `stride` bytes apart; what they hold is the kernel's choice
// (ActivationLayout). Quantised: x = scale * q per group of 32, and starts = -stored_offset(format) * sum(q).
struct Rows {
  int num_rows;
  int num_inputs;
  const std::uint8_t* values;
  std::size_t stride;
  const float* scales;         // [num_rows][groups]
  const std::int32_t* starts;  // [num_rows][groups]
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

// Quantises one row for `format`: absmax / 127 per group, rounded to nearest even. A group that holds NaN or Inf gets
// a NaN scale, so the result is NaN for that row and no other; one below 1e-30 everywhere counts as zero.
using QuantiseKernel = void (*)(Format, const float* x, int num_inputs, std::uint8_t* values, float* scales,
                                std::int32_t* starts);

// int8 values in order, or (Int8 without VNNI) int16 with the inputs of each four in the order 0 2 1 3.
enum class ActivationLayout { Float, Bytes, WideSwapped };

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
  void quantise_##isa(Format, const float*, int, std::uint8_t*, float*, std::int32_t*)

FIRSTBYTE_DECLARE_KERNELS(portable);
FIRSTBYTE_DECLARE_KERNELS(avx2);
FIRSTBYTE_DECLARE_KERNELS(avx512vnni);
FIRSTBYTE_DECLARE_KERNELS(neon);
#undef FIRSTBYTE_DECLARE_KERNELS

}  // namespace firstbyte
