#include "linear/kernels.h"

#include <stdexcept>

namespace firstbyte {

LinearKernel Kernels::linear(Format format) const {
  switch (format) {
    case Format::F32:
      return f32;
    case Format::BF16:
      return bf16;
    case Format::F16:
      return f16;
    case Format::Int8:
      return int8;
    case Format::Int4:
      return int4;
  }
  throw std::invalid_argument("unknown weight format");
}

ActivationLayout Kernels::layout(Format format) const {
  if (format == Format::Int8) return int8_layout;
  if (format == Format::Int4) return int4_layout;
  return ActivationLayout::Float;
}

namespace {

constexpr ActivationLayout kBytes = ActivationLayout::Bytes;

constexpr Kernels kPortable{f32_portable,      bf16_portable, f16_portable, int8_portable, int4_portable,
                            quantise_portable, kBytes,        kBytes};
#ifdef FIRSTBYTE_X86
constexpr Kernels kAvx2{f32_avx2,      bf16_avx2, f16_avx2, int8_avx2, int4_avx2,
                        quantise_avx2, ActivationLayout::WideSwapped, kBytes};
constexpr Kernels kAvx512Vnni{f32_avx512vnni,      bf16_avx512vnni, f16_avx512vnni, int8_avx512vnni, int4_avx512vnni,
                              quantise_avx512vnni, kBytes,          kBytes};
#endif
#ifdef FIRSTBYTE_NEON
constexpr Kernels kNeonDot{f32_neon, bf16_neon, f16_neon, int8_neon, int4_neon, quantise_neon, kBytes, kBytes};
#endif

}  // namespace

const Kernels& kernels_of(Isa isa) {
  switch (isa) {
    case Isa::Portable:
      return kPortable;
#ifdef FIRSTBYTE_X86
    case Isa::Avx2:
      return kAvx2;
    case Isa::Avx512Vnni:
      return kAvx512Vnni;
#endif
#ifdef FIRSTBYTE_NEON
    case Isa::NeonDot:
      return kNeonDot;
#endif
    default:
      throw std::invalid_argument("this build has no kernels for the instruction set asked for");
  }
}

}  // namespace firstbyte
