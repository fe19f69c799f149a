// Which instructions this processor and this build have: the kernels are compiled once for each set and chosen here.
#pragma once

#include <string>
#include <string_view>

namespace firstbyte {

// From the least to the most demanding of its family; `Portable` runs everywhere.
enum class Isa { Portable, Avx2, Avx512Vnni, NeonDot };

// The best set that this processor offers and this build contains.
Isa detect_isa();

// Whether kernels of this set may run here.
bool is_available(Isa isa);

// `portable`, `avx2`, `avx512vnni`, `neondot`.
std::string_view isa_name(Isa isa);

// The set of that name; an empty name means the best. Throws std::invalid_argument if it is unknown or cannot run here.
Isa choose_isa(const std::string& name);

}  // namespace firstbyte
