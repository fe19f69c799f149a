#include "isa.h"

#include <stdexcept>

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace firstbyte {
namespace {

constexpr Isa kAll[] = {Isa::Portable, Isa::Avx2, Isa::Avx512Vnni, Isa::NeonDot};

}  // namespace

bool is_available(Isa isa) {
  switch (isa) {
    case Isa::Portable:
      return true;
#if defined(__x86_64__)
    case Isa::Avx2:
      // GCC and clang also ask XGETBV whether the system saves the wide registers.
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case Isa::Avx512Vnni:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vnni") && is_available(Isa::Avx2);
#elif defined(__aarch64__) && defined(__linux__)
    case Isa::NeonDot:
      return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
    case Isa::NeonDot:
      return true;  // every processor that runs macOS on ARM has it
#endif
    default:
      return false;
  }
}

Isa detect_isa() {
  Isa best = Isa::Portable;
  for (Isa isa : kAll) {
    if (is_available(isa)) best = isa;
  }
  return best;
}

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::Avx2:
      return "avx2";
    case Isa::Avx512Vnni:
      return "avx512vnni";
    case Isa::NeonDot:
      return "neondot";
    default:
      return "portable";
  }
}

Isa choose_isa(const std::string& name) {
  if (name.empty()) return detect_isa();
  for (Isa isa : kAll) {
    if (isa_name(isa) != name) continue;
    if (!is_available(isa)) throw std::invalid_argument("this processor or build does not have " + name);
    return isa;
  }
  throw std::invalid_argument("unknown instruction set " + name + ": portable, avx2, avx512vnni or neondot");
}

}  // namespace firstbyte
