#include "linear/pack.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include "linear/half.h"
#include "linear/quantise_weights.h"

namespace firstbyte {
namespace {

struct Shape {
  Format format;
  int num_outputs, num_inputs;
};

void put16(std::uint8_t* to, std::uint16_t value) { std::memcpy(to, &value, sizeof value); }

std::uint16_t get16(const std::uint8_t* from) {
  std::uint16_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Where the integer of (output in panel, input in group) lies in its block.
struct Place {
  int byte, shift;
};

Place place_of(Format format, int output, int input) {
  const int four = input / 4;
  if (format == Format::Int8) return {four * 64 + output * 4 + input % 4, 0};
  return {four % 4 * 64 + output * 4 + input % 4, four / 4 * 4};
}

bool pack_float_row(const Shape& shape, const float* row, int output, std::uint8_t* panel) {
  for (int k = 0; k < shape.num_inputs; k++) {
    const float weight = row[k];
    if (!std::isfinite(weight)) return false;
    std::uint8_t* block = panel + static_cast<std::size_t>(k) * block_bytes(shape.format);
    if (shape.format == Format::F32) {
      std::memcpy(block + output * 4, &weight, sizeof weight);
      continue;
    }
    const bool bf16 = shape.format == Format::BF16;
    const std::uint16_t half = bf16 ? bf16_from_float(weight) : f16_from_float(weight);
    if (!std::isfinite(bf16 ? float_from_bf16(half) : float_from_f16(half))) return false;
    put16(block + output * 2, half);
  }
  return true;
}

bool pack_integer_row(const Shape& shape, const float* row, int output, std::uint8_t* panel) {
  std::uint8_t* blocks = panel + scale_bytes(shape.format, shape.num_inputs);
  for (int group = 0; group < shape.num_inputs / kGroupInputs; group++) {
    QuantisedGroup quantised;
    if (!quantise_weights(shape.format, row + group * kGroupInputs, quantised)) return false;
    put16(panel + (group * kPanelOutputs + output) * 2, quantised.scale);
    std::uint8_t* block = blocks + static_cast<std::size_t>(group) * block_bytes(shape.format);
    for (int input = 0; input < kGroupInputs; input++) {
      const Place place = place_of(shape.format, output, input);
      const int stored = quantised.values[input] + stored_offset(shape.format);
      block[place.byte] = static_cast<std::uint8_t>(block[place.byte] | stored << place.shift);
    }
  }
  return true;
}

// Returns the first bad row of the panel, or -1.
int pack_panel(const Shape& shape, const float* weights, int panel, std::uint8_t* packed) {
  const std::size_t size = panel_bytes(shape.format, shape.num_inputs);
  std::uint8_t* to = packed + static_cast<std::size_t>(panel) * size;
  std::memset(to, 0, size);
  for (int output = 0; output < kPanelOutputs; output++) {
    const int row = panel * kPanelOutputs + output;
    if (row >= shape.num_outputs) break;  // padding: zero weights, or zero scales
    const float* from = weights + static_cast<std::size_t>(row) * static_cast<std::size_t>(shape.num_inputs);
    const bool good = is_quantised(shape.format) ? pack_integer_row(shape, from, output, to)
                                                 : pack_float_row(shape, from, output, to);
    if (!good) return row;
  }
  return -1;
}

float unpack_one(const Shape& shape, const std::uint8_t* panel, int output, int k) {
  const std::size_t size = block_bytes(shape.format);
  if (!is_quantised(shape.format)) {
    const std::uint8_t* block = panel + static_cast<std::size_t>(k) * size;
    if (shape.format == Format::BF16) return float_from_bf16(get16(block + output * 2));
    if (shape.format == Format::F16) return float_from_f16(get16(block + output * 2));
    float weight;
    std::memcpy(&weight, block + output * 4, sizeof weight);
    return weight;
  }
  const int group = k / kGroupInputs;
  const std::uint8_t* blocks = panel + scale_bytes(shape.format, shape.num_inputs);
  const std::uint8_t* block = blocks + static_cast<std::size_t>(group) * size;
  const Place place = place_of(shape.format, output, k % kGroupInputs);
  const int stored = block[place.byte] >> place.shift & (shape.format == Format::Int8 ? 255 : 15);
  const float scale = float_from_f16(get16(panel + (group * kPanelOutputs + output) * 2));
  return scale * static_cast<float>(stored - stored_offset(shape.format));
}

}  // namespace

void pack(Format format, const float* weights, int num_outputs, int num_inputs, std::uint8_t* packed,
          ThreadPool& pool) {
  packed_bytes(format, num_outputs, num_inputs);  // checks the sizes
  const Shape shape{format, num_outputs, num_inputs};
  const int panels = num_panels(num_outputs);
  std::atomic<int> next_panel{0};
  std::atomic<int> bad_row{num_outputs};
  pool.run([&](int, int) {
    for (int panel = next_panel++; panel < panels; panel = next_panel++) {
      const int row = pack_panel(shape, weights, panel, packed);
      int known = bad_row.load();
      while (row >= 0 && row < known && !bad_row.compare_exchange_weak(known, row)) {
      }
    }
  });
  if (bad_row < num_outputs) {
    throw std::invalid_argument("row " + std::to_string(bad_row.load()) +
                                " of the weights holds NaN, Inf or a value out of the format's range");
  }
}

void unpack_row(Format format, const std::uint8_t* packed, int num_outputs, int num_inputs, int row, float* out) {
  packed_bytes(format, num_outputs, num_inputs);
  if (row < 0 || row >= num_outputs) {
    throw std::invalid_argument("row " + std::to_string(row) + " of a matrix of " + std::to_string(num_outputs));
  }
  const std::uint8_t* panel = packed + static_cast<std::size_t>(row / kPanelOutputs) * panel_bytes(format, num_inputs);
  const Shape shape{format, num_outputs, num_inputs};
  for (int k = 0; k < num_inputs; k++) out[k] = unpack_one(shape, panel, row % kPanelOutputs, k);
}

void unpack(Format format, const std::uint8_t* packed, int num_outputs, int num_inputs, float* weights) {
  for (int row = 0; row < num_outputs; row++) {
    unpack_row(format, packed, num_outputs, num_inputs, row,
               weights + static_cast<std::size_t>(row) * static_cast<std::size_t>(num_inputs));
  }
}

}  // namespace firstbyte
