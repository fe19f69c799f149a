// How weight matrices lie in memory.
//
// A matrix W[num_outputs, num_inputs] is cut into panels of 16 outputs. A panel is contiguous, starts on a 64-byte
// boundary and is read front to back by one thread, so a step reads every weight exactly once, in address order.
// Outputs that pad the last panel are zero.
//
//   F32, BF16, F16   [num_inputs][16] elements.
//   Int8, Int4       [groups][16] f16 scales, padded to 64 bytes, then [groups] blocks; a group is 32 inputs.
//     Int8 block     512 bytes: [8][16 outputs][4 inputs] bytes, u = q + 128, q in -127..127;  w = scale * q
//     Int4 block     256 bytes: [4][16 outputs][4 inputs] bytes; vector v holds inputs 4v..4v+3 in the low nibbles
//                    and inputs 4(v+4)..4(v+4)+3 in the high ones; u = q + 8, q in -8..7;      w = scale * q
//
// Four consecutive inputs of one output side by side are what the dot-product instructions take (VPDPBUSD, SDOT), 16
// outputs are what one 64-byte register holds. Integers are stored unsigned because VPDPBUSD and VPMADDUBSW multiply
// unsigned by signed bytes: sum(u * a) = sum(q * a) + offset * sum(a), and the second term is known before the weights
// are read, so sums simply start at -offset * sum(a).
#pragma once

#include <cstddef>
#include <cstdint>

namespace firstbyte {

enum class Format : int { F32, BF16, F16, Int8, Int4 };

constexpr int kPanelOutputs = 16;
constexpr int kGroupInputs = 32;
constexpr std::size_t kPanelAlignment = 64;

constexpr bool is_quantised(Format format) { return format == Format::Int8 || format == Format::Int4; }

// What is added to a stored integer to make it unsigned.
constexpr int stored_offset(Format format) { return format == Format::Int8 ? 128 : 8; }

constexpr int num_panels(int num_outputs) { return (num_outputs + kPanelOutputs - 1) / kPanelOutputs; }

// Bytes of 16 outputs x 32 inputs without scales (integers), or of 16 outputs x 1 input (floats).
std::size_t block_bytes(Format format);

// Bytes from the start of a panel to its first block: the padded scales of integer formats, else 0.
std::size_t scale_bytes(Format format, int num_inputs);

std::size_t panel_bytes(Format format, int num_inputs);

// Bytes of the whole packed matrix, a multiple of 64.
// Throws std::invalid_argument if a size is not positive, or num_inputs is not a multiple of 32 for Int8 and Int4.
std::size_t packed_bytes(Format format, int num_outputs, int num_inputs);

// A packed matrix, not owned. `packed` is aligned to 64 bytes and may lie in a read-only mapping.
struct Matrix {
  Format format;
  int num_outputs;
  int num_inputs;
  const std::uint8_t* packed;
};

}  // namespace firstbyte
