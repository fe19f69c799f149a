#include "bound_kernels.h"

#include <nanobind/stl/string.h>

#include "bound_batch.h"
#include "bound_model.h"
#include "linear/linear.h"
#include "step/random.h"
#include "step/sampling.h"

namespace firstbyte {
namespace {

std::vector<float> copy(const FloatRows& rows) { return {rows.data(), rows.data() + rows.size()}; }

nb::object rms_norm_rows(FloatRows x, FloatRow weight, float eps, const std::string& isa) {
  const size_t width = x.shape(1);
  require_len(weight, width, "weight");
  std::vector<float> y(x.size());
  for (size_t row = 0; row < x.shape(0); ++row) {
    step_kernels(choose_isa(isa)).rms_norm(x.data() + row * width, weight.data(), eps, static_cast<int>(width), y.data() + row * width);
  }
  return to_numpy(std::move(y), {x.shape(0), width});
}

nb::object rotate_rows(FloatRows x, FloatRows cosines, FloatRows sines, const std::string& isa) {
  const size_t width = x.shape(1);
  if (cosines.shape(0) != x.shape(0) || sines.shape(0) != x.shape(0) || cosines.shape(1) * 2 != width || sines.shape(1) * 2 != width) {
    throw std::invalid_argument("cosines and sines have half of a row each");
  }
  std::vector<float> y = copy(x);
  for (size_t row = 0; row < x.shape(0); ++row) {
    step_kernels(choose_isa(isa)).rotate(y.data() + row * width, cosines.data() + row * width / 2,
                                         sines.data() + row * width / 2, static_cast<int>(width));
  }
  return to_numpy(std::move(y), {x.shape(0), width});
}

nb::object swiglu_rows(FloatRows x, const std::string& isa) {
  const size_t width = x.shape(1) / 2;
  std::vector<float> y(x.shape(0) * width);
  for (size_t row = 0; row < x.shape(0); ++row) {
    step_kernels(choose_isa(isa)).swiglu(x.data() + row * 2 * width, static_cast<int>(width), y.data() + row * width);
  }
  return to_numpy(std::move(y), {x.shape(0), width});
}

nb::object linear_rows(const BoundMatrix& weight, FloatRows x, const std::string& isa, int num_threads) {
  const Matrix& matrix = weight.matrix();
  if (x.shape(1) != static_cast<size_t>(matrix.num_inputs)) throw std::invalid_argument("x does not fit the matrix");
  ThreadPool pool(num_threads);
  Activations activations;
  activations.prepare(x.data(), static_cast<int>(x.shape(0)), matrix.num_inputs, matrix.format, choose_isa(isa), pool);
  std::vector<float> y(x.shape(0) * static_cast<size_t>(matrix.num_outputs));
  linear(matrix, activations, y.data(), static_cast<size_t>(matrix.num_outputs), choose_isa(isa), pool);
  return to_numpy(std::move(y), {x.shape(0), static_cast<size_t>(matrix.num_outputs)});
}

nb::tuple choose_rows(FloatRows logits, nb::handle plans_object, const std::string& isa) {
  const SamplingPlans plans = read_plans(plans_object);
  require_len(logits, static_cast<size_t>(plans.num_rows), "logits");
  const int vocab_size = static_cast<int>(logits.shape(1));
  check_plans(plans, plans.num_rows, vocab_size);
  std::vector<float> scores = copy(logits);
  SamplingScratch scratch;
  Choices choices;
  for (int row = 0; row < plans.num_rows; ++row) {
    Flaw flaw = Flaw::None;
    choices.rows.push_back(choose(scores.data() + static_cast<size_t>(row) * logits.shape(1), vocab_size, plans, row,
                                  step_kernels(choose_isa(isa)), scratch, &flaw));
    if (flaw != Flaw::None) throw NoChoice(flaw);
  }
  return write_choices(std::move(choices));
}

// A cache of one layer with its attention, for queries, keys and values of any batch.
class PagedAttention {
 public:
  PagedAttention(KvFormat format, int num_blocks, int block_len, int num_heads, int num_kv_heads, int head_dim,
                 int num_threads, const std::string& isa)
      : kernels_(step_kernels(choose_isa(isa))),
        pool_(num_threads),
        cache_(format, 1, num_blocks, block_len, num_kv_heads, head_dim),
        attention_(kernels_, pool_, num_heads, num_kv_heads, head_dim),
        num_heads_(num_heads),
        num_kv_heads_(num_kv_heads),
        head_dim_(head_dim) {}

  nb::object run(nb::handle object, FloatRows qkv, int window) {
    const Batch batch = read_batch(object);
    check_batch(batch, 1 << 30, cache_.num_blocks(), cache_.block_len());
    const size_t width = static_cast<size_t>(num_heads_ + 2 * num_kv_heads_) * head_dim_;
    if (qkv.shape(0) != static_cast<size_t>(batch.num_tokens) || qkv.shape(1) != width) {
      throw std::invalid_argument("qkv has another shape than the batch");
    }
    for (int sequence = 0; sequence < batch.num_sequences; ++sequence) store(batch, sequence, qkv.data(), width);
    const size_t out_width = static_cast<size_t>(num_heads_) * head_dim_;
    std::vector<float> out(static_cast<size_t>(batch.num_tokens) * out_width);
    attention_.plan(batch, window);
    attention_.attend(batch, window, cache_.layer(0), qkv.data(), width, out.data());
    return to_numpy(std::move(out), {static_cast<size_t>(batch.num_tokens), out_width});
  }

 private:
  void store(const Batch& batch, int sequence, const float* qkv, size_t width) {
    const int32_t* blocks = batch.block_tables + static_cast<size_t>(sequence) * batch.table_width;
    for (int token = batch.starts[sequence]; token < batch.starts[sequence + 1]; ++token) {
      const float* keys = qkv + static_cast<size_t>(token) * width + static_cast<size_t>(num_heads_) * head_dim_;
      const float* values = keys + static_cast<size_t>(num_kv_heads_) * head_dim_;
      const int block = batch.positions[token] / cache_.block_len(), offset = batch.positions[token] % cache_.block_len();
      for (int head = 0; head < num_kv_heads_; ++head) {
        kernels_.store_key_value(cache_.layer(0), blocks[block], offset, head, keys + head * head_dim_,
                                 values + head * head_dim_);
      }
    }
  }

  const StepKernels& kernels_;
  ThreadPool pool_;
  KvCache cache_;
  Attention attention_;
  int num_heads_, num_kv_heads_, head_dim_;
};

}  // namespace

void bind_kernels(nb::module_& module) {
  module.def("rms_norm", &rms_norm_rows, nb::arg("x"), nb::arg("weight"), nb::arg("eps"), nb::arg("isa"));
  module.def("rotate", &rotate_rows, nb::arg("x"), nb::arg("cosines"), nb::arg("sines"), nb::arg("isa"));
  module.def("swiglu", &swiglu_rows, nb::arg("x"), nb::arg("isa"));
  module.def("linear", &linear_rows, nb::arg("weight"), nb::arg("x"), nb::arg("isa"), nb::arg("num_threads"));
  module.def("choose", &choose_rows, nb::arg("logits"), nb::arg("plans"), nb::arg("isa"));
  module.def("uniform", &uniform, nb::arg("seed"), nb::arg("draw"));
  nb::class_<PagedAttention>(module, "PagedAttention")
      .def(nb::init<KvFormat, int, int, int, int, int, int, const std::string&>(), nb::kw_only(), nb::arg("kv_format"),
           nb::arg("num_blocks"), nb::arg("block_len"), nb::arg("num_heads"), nb::arg("num_kv_heads"),
           nb::arg("head_dim"), nb::arg("num_threads"), nb::arg("isa"))
      .def("run", &PagedAttention::run, nb::arg("batch"), nb::arg("qkv"), nb::arg("window"));
}

}  // namespace firstbyte
