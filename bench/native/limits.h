// What the machine allows, measured in the same run as the kernels: no kernel can pass either.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa.h"
#include "linear/format.h"
#include "thread_pool.h"

namespace firstbyte {

// Multiply-adds per second of one core with everything in registers, by the instructions this format's kernel uses:
// VPDPBUSD, VPMADDWD with its add, VPMADDUBSW with its add, or FMA. 0 where no such loop is written.
double multiply_add_rate(Isa isa, Format format);

// Bytes per second that all threads of the pool read together, each its own contiguous part.
double read_bandwidth(const std::uint8_t* data, std::size_t size, ThreadPool& pool);

}  // namespace firstbyte
