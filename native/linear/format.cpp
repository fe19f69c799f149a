#include "linear/format.h"

#include <stdexcept>
#include <string>

namespace firstbyte {

std::size_t block_bytes(Format format) {
  switch (format) {
    case Format::F32:
      return kPanelOutputs * 4;
    case Format::BF16:
    case Format::F16:
      return kPanelOutputs * 2;
    case Format::Int8:
      return kPanelOutputs * kGroupInputs;
    case Format::Int4:
      return kPanelOutputs * kGroupInputs / 2;
  }
  throw std::invalid_argument("unknown weight format " + std::to_string(static_cast<int>(format)));
}

std::size_t scale_bytes(Format format, int num_inputs) {
  if (!is_quantised(format)) return 0;
  const std::size_t bytes = static_cast<std::size_t>(num_inputs / kGroupInputs) * kPanelOutputs * 2;
  return (bytes + kPanelAlignment - 1) / kPanelAlignment * kPanelAlignment;
}

std::size_t panel_bytes(Format format, int num_inputs) {
  const int num_blocks = is_quantised(format) ? num_inputs / kGroupInputs : num_inputs;
  const std::size_t blocks = static_cast<std::size_t>(num_blocks) * block_bytes(format);
  const std::size_t bytes = scale_bytes(format, num_inputs) + blocks;
  return (bytes + kPanelAlignment - 1) / kPanelAlignment * kPanelAlignment;
}

std::size_t packed_bytes(Format format, int num_outputs, int num_inputs) {
  if (num_outputs <= 0 || num_inputs <= 0) {
    throw std::invalid_argument("a matrix of " + std::to_string(num_outputs) + " outputs and " +
                                std::to_string(num_inputs) + " inputs: both must be positive");
  }
  if (is_quantised(format) && num_inputs % kGroupInputs != 0) {
    throw std::invalid_argument("int8 and int4 weights need a multiple of " + std::to_string(kGroupInputs) +
                                " inputs, got " + std::to_string(num_inputs));
  }
  return static_cast<std::size_t>(num_panels(num_outputs)) * panel_bytes(format, num_inputs);
}

}  // namespace firstbyte
