// Single kernels for the tests: each is compared with NumPy, for every instruction set that this processor has.
#pragma once

#include "arrays.h"

namespace firstbyte {

void bind_kernels(nb::module_& module);

}  // namespace firstbyte
