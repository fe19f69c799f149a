#include "kernels_isa.h"

namespace firstbyte::FIRSTBYTE_STEP_ISA {

extern const StepKernels kStepKernels;
const StepKernels kStepKernels = {
    rms_norm, rotate, swiglu, store_key_value, attend, merge, max, sum_exp, exp, find_at_least,
};

}  // namespace firstbyte::FIRSTBYTE_STEP_ISA
