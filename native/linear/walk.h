// The order in which a kernel visits rows, inputs and outputs; the same for every format and instruction set.
//
//   for each block of rows            partial sums stay in the first cache
//     for each few panels             registers hold R rows x C panels of sums (a tile)
//       for each chunk of the inputs  C panels x chunk of weights stay in the first cache ...
//         for each tile of rows       ... while all rows of the block pass over them
//
// Weights are fetched from memory once per block of rows, activations once per C panels. With one tile of rows nothing
// would be used twice, and a chunk is the whole panel.
//
// A result does not depend on where the cuts fall: integer tiles go on from the sums of the chunk before (`resume`), so
// they add the groups' products in ascending order with the same instructions whatever R, C and the chunk are. Float
// tiles have a chunk of fixed length.
//
// Included by files compiled for different instruction sets: everything is in an unnamed namespace, so that no wide
// instantiation can be linked into code that must run anywhere.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "linear/format.h"
#include "linear/kernels.h"

namespace firstbyte {
namespace {

constexpr int kMaxTilePanels = 4;

// What a tile computes: R rows from `values` on, the panels given, blocks begin .. end-1 of the inputs.
struct TileArgs {
  const std::uint8_t* panels[kMaxTilePanels];  // first block of each panel
  const std::uint8_t* panel_scales[kMaxTilePanels];
  const std::uint8_t* values;
  std::size_t stride;
  const float* scales;
  const std::int32_t* starts;
  int groups;
  int begin, end;
  bool resume;
  float* sums;  // [R][C * 16]
};

// Tile policy: kRows, kPanels (largest tile), kChunk (blocks), kFixedChunk, run<R, C>(TileArgs).
template <class Tile>
using TileFunction = void (*)(const TileArgs&);

template <class Tile, int C, int... R>
constexpr std::array<TileFunction<Tile>, sizeof...(R)> tile_row(std::integer_sequence<int, R...>) {
  return {&Tile::template run<R + 1, C>...};
}

template <class Tile, int... C>
constexpr auto tile_table(std::integer_sequence<int, C...>) {
  return std::array<std::array<TileFunction<Tile>, Tile::kRows>, sizeof...(C)>{
      tile_row<Tile, C + 1>(std::make_integer_sequence<int, Tile::kRows>())...};
}

struct Columns {
  int first_output, num_outputs;
};

// Adds bias and, if asked, what is in y already. Loops the compiler vectorises.
void write_sums(const float* sums, std::size_t sums_stride, int first_row, int num_rows, Columns columns,
                const Output& out) {
  const float* bias = out.bias == nullptr ? nullptr : out.bias + columns.first_output;
  for (int row = 0; row < num_rows; row++) {
    const float* from = sums + static_cast<std::size_t>(row) * sums_stride;
    float* to = out.y + static_cast<std::size_t>(first_row + row) * out.stride + columns.first_output;
    for (int j = 0; j < columns.num_outputs; j++) {
      const float sum = bias == nullptr ? from[j] : from[j] + bias[j];
      to[j] = out.accumulate ? to[j] + sum : sum;
    }
  }
}

template <class Tile>
void walk(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  constexpr auto tiles = tile_table<Tile>(std::make_integer_sequence<int, Tile::kPanels>());
  constexpr int kBlockTiles = 96 / Tile::kRows;
  alignas(64) float sums[kBlockTiles * Tile::kRows * Tile::kPanels * kPanelOutputs];
  const std::size_t panel_size = panel_bytes(matrix.format, matrix.num_inputs);
  const std::size_t scale_size = scale_bytes(matrix.format, matrix.num_inputs);
  const int num_blocks = is_quantised(matrix.format) ? matrix.num_inputs / kGroupInputs : matrix.num_inputs;
  const int num_tiles = (rows.num_rows + Tile::kRows - 1) / Tile::kRows;
  const auto tile_start = [&](int tile) {  // tiles as even as can be: 8 rows are 4 + 4, not 6 + 2
    return static_cast<int>(static_cast<long long>(rows.num_rows) * tile / num_tiles);
  };
  TileArgs args{};
  args.stride = rows.stride;
  args.groups = num_blocks;
  for (int block = 0; block < num_tiles; block += kBlockTiles) {
    const int block_end = std::min(num_tiles, block + kBlockTiles);
    const int block_row = tile_start(block);
    const int chunk = Tile::kFixedChunk || block_end - block > 1 ? Tile::kChunk : num_blocks;
    for (int panel = first_panel; panel < last_panel; panel += Tile::kPanels) {
      const int width = std::min(Tile::kPanels, last_panel - panel);
      const std::size_t sums_stride = static_cast<std::size_t>(width) * kPanelOutputs;
      for (int c = 0; c < width; c++) {
        args.panel_scales[c] = matrix.packed + static_cast<std::size_t>(panel + c) * panel_size;
        args.panels[c] = args.panel_scales[c] + scale_size;
      }
      for (int begin = 0; begin < num_blocks; begin += chunk) {
        args.begin = begin;
        args.end = std::min(num_blocks, begin + chunk);
        args.resume = begin > 0;
        for (int tile = block; tile < block_end; tile++) {
          const int row = tile_start(tile);
          args.values = rows.values + static_cast<std::size_t>(row) * rows.stride;
          if (is_quantised(matrix.format)) {
            args.scales = rows.scales + static_cast<std::size_t>(row) * static_cast<std::size_t>(num_blocks);
            args.starts = rows.starts + static_cast<std::size_t>(row) * static_cast<std::size_t>(num_blocks);
          }
          args.sums = sums + static_cast<std::size_t>(row - block_row) * sums_stride;
          tiles[static_cast<std::size_t>(width - 1)][static_cast<std::size_t>(tile_start(tile + 1) - row - 1)](args);
        }
      }
      const int output = panel * kPanelOutputs;
      const int num_outputs = std::min(width * kPanelOutputs, matrix.num_outputs - output);
      write_sums(sums, sums_stride, block_row, tile_start(block_end) - block_row, {output, num_outputs}, out);
    }
  }
}

}  // namespace
}  // namespace firstbyte
