// Paged attention against plain loops in float64: every instruction set, cache format, mix of chunks and decodes.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "check.h"
#include "step/attention.h"

namespace firstbyte {
namespace {

using firstbyte_test::gaussian;

struct Shape {
  int num_heads, num_kv_heads, head_dim, block_len, window;
  int width() const { return (num_heads + 2 * num_kv_heads) * head_dim; }
};

struct Piece {
  int sequence, start, num_tokens;
};

// Sequences of random q, k and v, whole; steps take pieces of them.
struct World {
  Shape shape;
  std::vector<int> lens;
  std::vector<std::vector<float>> rows;  // by sequence: [len][width]
  std::vector<std::vector<int32_t>> blocks;
  int num_blocks = 0;

  World(const Shape& shape_, std::vector<int> lens_) : shape(shape_), lens(std::move(lens_)) {
    for (size_t i = 0; i < lens.size(); ++i) {
      rows.push_back(gaussian(static_cast<size_t>(lens[i]) * shape.width(), static_cast<uint32_t>(i)));
      blocks.emplace_back();
      for (int block = 0; block * shape.block_len < lens[i]; ++block) blocks.back().push_back(num_blocks++);
      std::reverse(blocks.back().begin(), blocks.back().end());
    }
  }

  double expected(int sequence, int position, int head, int d) const {
    const int kv_head = head / (shape.num_heads / shape.num_kv_heads), dim = shape.head_dim;
    const float* all = rows[static_cast<size_t>(sequence)].data();
    const float* query = all + static_cast<size_t>(position) * shape.width() + head * dim;
    const int first = shape.window > 0 ? std::max(0, position - shape.window + 1) : 0;
    std::vector<double> scores;
    for (int j = first; j <= position; ++j) {
      const float* key = all + static_cast<size_t>(j) * shape.width() + (shape.num_heads + kv_head) * dim;
      double score = 0;
      for (int i = 0; i < dim; ++i) score += static_cast<double>(query[i]) * key[i];
      scores.push_back(score / std::sqrt(static_cast<double>(dim)));
    }
    const double best = *std::max_element(scores.begin(), scores.end());
    double total = 0, sum = 0;
    for (int j = first; j <= position; ++j) {
      const double share = std::exp(scores[static_cast<size_t>(j - first)] - best);
      const int offset = (shape.num_heads + shape.num_kv_heads + kv_head) * dim + d;
      total += share;
      sum += share * all[static_cast<size_t>(j) * shape.width() + offset];
    }
    return sum / total;
  }
};

// One step's arrays.
struct Step {
  std::vector<int32_t> token_ids, positions, starts{0}, context_lens, tables;
  std::vector<float> qkv;
  std::vector<int32_t> history_starts{0};
  Batch batch;

  Step(const World& world, const std::vector<Piece>& pieces) {
    size_t width = 0;
    for (const Piece& piece : pieces) width = std::max(width, world.blocks[static_cast<size_t>(piece.sequence)].size());
    for (const Piece& piece : pieces) {
      const auto& rows = world.rows[static_cast<size_t>(piece.sequence)];
      const auto& blocks = world.blocks[static_cast<size_t>(piece.sequence)];
      for (int i = 0; i < piece.num_tokens; ++i) positions.push_back(piece.start + i);
      const auto from = rows.begin() + static_cast<std::ptrdiff_t>(piece.start) * world.shape.width();
      qkv.insert(qkv.end(), from, from + static_cast<std::ptrdiff_t>(piece.num_tokens) * world.shape.width());
      starts.push_back(static_cast<int32_t>(positions.size()));
      context_lens.push_back(piece.start + piece.num_tokens);
      std::vector<int32_t> row(width, -1);
      std::copy(blocks.begin(), blocks.end(), row.begin());
      tables.insert(tables.end(), row.begin(), row.end());
    }
    token_ids.assign(positions.size(), 0);
    batch.num_tokens = static_cast<int>(positions.size());
    batch.num_sequences = static_cast<int>(pieces.size());
    batch.table_width = static_cast<int>(width);
    batch.token_ids = token_ids.data();
    batch.positions = positions.data();
    batch.starts = starts.data();
    batch.context_lens = context_lens.data();
    batch.block_tables = tables.data();
    batch.plans.history_starts = history_starts.data();
  }
};

class Runner {
 public:
  Runner(const World& world, KvFormat format, Isa isa, int num_threads)
      : world_(world),
        kernels_(step_kernels(isa)),
        pool_(num_threads),
        cache_(format, 1, world.num_blocks, world.shape.block_len, world.shape.num_kv_heads, world.shape.head_dim),
        attention_(kernels_, pool_, world.shape.num_heads, world.shape.num_kv_heads, world.shape.head_dim) {}

  std::vector<float> run(const std::vector<Piece>& pieces) {
    const Shape& shape = world_.shape;
    const Step step(world_, pieces);
    check_batch(step.batch, 1, world_.num_blocks, shape.block_len);
    int token = 0;
    for (const Piece& piece : pieces) {
      for (int i = 0; i < piece.num_tokens; ++i, ++token) {
        const float* row = step.qkv.data() + static_cast<size_t>(token) * shape.width();
        const int position = piece.start + i;
        for (int head = 0; head < shape.num_kv_heads; ++head) {
          const float* key = row + (shape.num_heads + head) * shape.head_dim;
          kernels_.store_key_value(cache_.layer(0),
                                   world_.blocks[static_cast<size_t>(piece.sequence)][static_cast<size_t>(position / shape.block_len)],
                                   position % shape.block_len, head, key, key + shape.num_kv_heads * shape.head_dim);
        }
      }
    }
    std::vector<float> out(static_cast<size_t>(step.batch.num_tokens) * shape.num_heads * shape.head_dim);
    attention_.plan(step.batch, shape.window);
    attention_.attend(step.batch, shape.window, cache_.layer(0), step.qkv.data(), static_cast<size_t>(shape.width()), out.data());
    return out;
  }

 private:
  const World& world_;
  const StepKernels& kernels_;
  ThreadPool pool_;
  KvCache cache_;
  Attention attention_;
};

void check_values(const World& world, const std::vector<Piece>& pieces, const std::vector<float>& out, double tolerance) {
  const Shape& shape = world.shape;
  size_t index = 0;
  double worst = 0;
  for (const Piece& piece : pieces) {
    for (int i = 0; i < piece.num_tokens; ++i) {
      for (int head = 0; head < shape.num_heads; ++head) {
        for (int d = 0; d < shape.head_dim; ++d, ++index) {
          if ((i * 31 + head * 7 + d) % 13 != 0) continue;  // the reference is slow
          worst = std::max(worst, std::fabs(out[index] - world.expected(piece.sequence, piece.start + i, head, d)));
        }
      }
    }
  }
  CHECK(worst < tolerance, "error %g, heads %d/%d of %d, blocks of %d, window %d", worst, shape.num_heads,
        shape.num_kv_heads, shape.head_dim, shape.block_len, shape.window);
}

constexpr Isa kIsas[] = {Isa::Portable, Isa::Avx2, Isa::Avx512Vnni, Isa::NeonDot};

void test_equals_plain_loops(Isa isa) {
  const Shape shapes[] = {{4, 2, 64, 16, 0}, {3, 3, 12, 4, 0}, {8, 1, 80, 16, 0}, {4, 4, 16, 5, 37}, {4, 2, 32, 16, 300}};
  const std::vector<Piece> first{{0, 0, 300}, {1, 0, 1}, {2, 0, 70}}, second{{0, 300, 1}, {1, 1, 40}, {2, 70, 1}};
  for (const Shape& shape : shapes) {
    const World world(shape, {301, 41, 71});
    const std::pair<KvFormat, double> formats[] = {{KvFormat::F32, 1e-5}, {KvFormat::F16, 4e-3}, {KvFormat::Int8, 6e-2}};
    for (const auto& [format, tolerance] : formats) {
      Runner runner(world, format, isa, 2);
      check_values(world, first, runner.run(first), tolerance);
      check_values(world, second, runner.run(second), tolerance);
    }
  }
}

// Bit for bit: alone or with neighbours, in one piece or in many, on one thread or three.
void test_a_row_depends_on_nothing_else(Isa isa) {
  const Shape shape{8, 2, 64, 16, 0};
  const World world(shape, {700, 90});
  const size_t row = static_cast<size_t>(shape.num_heads) * shape.head_dim;
  Runner whole(world, KvFormat::F16, isa, 1), pieces(world, KvFormat::F16, isa, 3);
  const std::vector<float> expected = whole.run({{0, 0, 700}});
  std::vector<float> got;
  for (int start = 0, size = 1; start < 700; start += size, size = std::min(size * 3, 700 - start)) {
    const std::vector<float> out = pieces.run({{1, 0, 90}, {0, start, size}});
    got.insert(got.end(), out.begin() + static_cast<std::ptrdiff_t>(90 * row), out.end());
  }
  const std::vector<float> last = pieces.run({{0, 699, 1}});
  CHECK(got == expected, "cut into pieces, the result changes");
  CHECK(std::equal(last.begin(), last.end(), expected.end() - static_cast<std::ptrdiff_t>(row)), "decoded alone, it changes");
}

void test_batches_out_of_bounds_are_refused() {
  const World world({2, 1, 16, 4, 0}, {10});
  const auto is_refused = [&world](auto change) {
    Step step(world, {{0, 4, 6}});
    change(step);
    try {
      check_batch(step.batch, 1, world.num_blocks, world.shape.block_len);
    } catch (const std::invalid_argument&) {
      return true;
    }
    return false;
  };
  CHECK(!is_refused([](Step&) {}), "a good batch is refused");
  CHECK(is_refused([](Step& step) { step.token_ids[2] = 1; }), "token id");
  CHECK(is_refused([](Step& step) { step.token_ids[2] = -1; }), "token id");
  CHECK(is_refused([](Step& step) { step.positions[0] = 5; }), "position");
  CHECK(is_refused([](Step& step) { step.context_lens[0] = 5; }), "context");
  CHECK(is_refused([](Step& step) { step.tables[1] = 3; }), "block");
  CHECK(is_refused([](Step& step) { step.tables[1] = -1; }), "block");
  CHECK(is_refused([](Step& step) { step.starts[1] = 7; }), "starts");
  CHECK(is_refused([](Step& step) { step.batch.table_width = 2; }), "table width");
}

}  // namespace
}  // namespace firstbyte

int main() {
  using namespace firstbyte;
  test_batches_out_of_bounds_are_refused();
  for (Isa isa : kIsas) {
    if (!is_available(isa)) continue;
    test_equals_plain_loops(isa);
    test_a_row_depends_on_nothing_else(isa);
  }
  return firstbyte_test::num_failures;
}
