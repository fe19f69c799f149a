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
  int begin, end;
  bool resume;
  float* sums;                                // [R][C * 16]
  std::uintptr_t ahead[kMaxTilePanels];       // address of weights that will be wanted next
  int ahead_bytes;                            // of each, to prefetch per block
};

// Tile policy: kRows, kPanels (largest tile), kChunk (blocks), kFixedChunk, kAhead (bytes), run<R, C>(TileArgs). A tile
// that is alone computes a block in less time than memory takes to answer, so kAhead is many blocks (bench/log.md).
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

// Asks for the weights `ahead` of a panel while a block is computed. Addresses may pass the end of the matrix, where
// prefetching does nothing.
inline void prefetch(const TileArgs& args, int panel, std::ptrdiff_t block) {
  const std::uintptr_t from = args.ahead[panel] + static_cast<std::uintptr_t>((block - args.begin) * args.ahead_bytes);
  for (int i = 0; i < args.ahead_bytes; i += 64) {
    __builtin_prefetch(reinterpret_cast<const void*>(from + static_cast<std::uintptr_t>(i)), 0, 2);
  }
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
class Walk {
 public:
  Walk(const Matrix& matrix, const Rows& rows, const Output& out)
      : matrix_(matrix),
        rows_(rows),
        out_(out),
        panel_size_(panel_bytes(matrix.format, matrix.num_inputs)),
        scale_size_(scale_bytes(matrix.format, matrix.num_inputs)),
        block_size_(static_cast<int>(block_bytes(matrix.format))),
        num_blocks_(is_quantised(matrix.format) ? matrix.num_inputs / kGroupInputs : matrix.num_inputs),
        num_tiles_((rows.num_rows + Tile::kRows - 1) / Tile::kRows) {
    args_.stride = rows.stride;
  }

  void run(int first_panel, int last_panel) {
    for (first_tile_ = 0; first_tile_ < num_tiles_; first_tile_ = last_tile_) {
      last_tile_ = std::min(num_tiles_, first_tile_ + kBlockTiles);
      for (int panel = first_panel; panel < last_panel; panel += Tile::kPanels) {
        add_panels(panel, std::min(Tile::kPanels, last_panel - panel));
      }
    }
  }

 private:
  static constexpr int kBlockTiles = 96 / Tile::kRows;

  // Tiles are as even as can be: 8 rows are 4 + 4, not 6 + 2.
  int first_row(int tile) const {
    return static_cast<int>(static_cast<long long>(rows_.num_rows) * tile / num_tiles_);
  }

  void add_panels(int panel, int width) {
    for (int c = 0; c < width; c++) {
      args_.panel_scales[c] = matrix_.packed + static_cast<std::size_t>(panel + c) * panel_size_;
      args_.panels[c] = args_.panel_scales[c] + scale_size_;
    }
    const int chunk = Tile::kFixedChunk || last_tile_ - first_tile_ > 1 ? Tile::kChunk : num_blocks_;
    for (args_.begin = 0; args_.begin < num_blocks_; args_.begin = args_.end) {
      args_.end = std::min(num_blocks_, args_.begin + chunk);
      args_.resume = args_.begin > 0;
      for (int tile = first_tile_; tile < last_tile_; tile++) add_tile(tile, width);
    }
    const int output = panel * kPanelOutputs;
    const Columns columns{output, std::min(width * kPanelOutputs, matrix_.num_outputs - output)};
    const int row = first_row(first_tile_);
    write_sums(sums_, static_cast<std::size_t>(width) * kPanelOutputs, row, first_row(last_tile_) - row, columns, out_);
  }

  void add_tile(int tile, int width) {
    static constexpr auto kTiles = tile_table<Tile>(std::make_integer_sequence<int, Tile::kPanels>());
    const int row = first_row(tile);
    const int num_rows = first_row(tile + 1) - row;
    args_.values = rows_.values + static_cast<std::size_t>(row) * rows_.stride;
    args_.sums = sums_ + (row - first_row(first_tile_)) * width * kPanelOutputs;
    look_ahead(tile, width);
    kTiles[static_cast<std::size_t>(width - 1)][static_cast<std::size_t>(num_rows - 1)](args_);
  }

  // One tile alone streams: it prefetches a fixed distance ahead of itself. Of several, each prefetches its share of
  // the next chunk, so that memory is busy all the time and not only while the first tile passes.
  void look_ahead(int tile, int width) {
    const int num_tiles = last_tile_ - first_tile_;
    const int share = (block_size_ / num_tiles + 63) / 64 * 64;
    const int skipped = (tile - first_tile_) * share;
    args_.ahead_bytes = num_tiles == 1 ? block_size_ : (skipped < block_size_ ? share : 0);
    for (int c = 0; c < width; c++) {
      const auto panel = reinterpret_cast<std::uintptr_t>(args_.panels[c]);
      if (num_tiles == 1) {
        args_.ahead[c] = panel + static_cast<std::size_t>(args_.begin * block_size_ + Tile::kAhead);
      } else {
        const auto next = args_.end < num_blocks_ ? static_cast<std::size_t>(args_.end * block_size_)
                                                  : static_cast<std::size_t>(Tile::kPanels) * panel_size_;
        args_.ahead[c] = panel + next + static_cast<std::size_t>(skipped * (args_.end - args_.begin));
      }
    }
  }

  const Matrix& matrix_;
  const Rows& rows_;
  const Output& out_;
  const std::size_t panel_size_, scale_size_;
  const int block_size_, num_blocks_, num_tiles_;
  int first_tile_ = 0, last_tile_ = 0;  // of the block of rows
  TileArgs args_{};
  alignas(64) float sums_[kBlockTiles * Tile::kRows * Tile::kPanels * kPanelOutputs];
};

template <class Tile>
void walk(const Matrix& matrix, const Rows& rows, const Output& out, int first_panel, int last_panel) {
  Walk<Tile>(matrix, rows, out).run(first_panel, last_panel);
}

}  // namespace
}  // namespace firstbyte
