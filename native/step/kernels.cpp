#include "kernels.h"

namespace firstbyte {

const StepKernels& step_kernels(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::Avx2:
      return avx2::kStepKernels;
    case Isa::Avx512Vnni:
      return avx512vnni::kStepKernels;
#elif defined(__aarch64__)
    case Isa::NeonDot:
      return neondot::kStepKernels;
#endif
    default:
      return portable::kStepKernels;
  }
}

}  // namespace firstbyte
