#include "bound_model.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bound_batch.h"
#include "linear/linear.h"

namespace firstbyte {
namespace {

const float* vector_of(const std::optional<FloatRow>& vector, int len, const char* name) {
  if (!vector) return nullptr;
  require_len(*vector, static_cast<size_t>(len), name);
  return vector->data();
}

void check_shape(const ModelShape& shape) {
  for (int size : {shape.vocab_size, shape.hidden_size, shape.intermediate_size, shape.num_heads, shape.num_kv_heads,
                   shape.head_dim}) {
    if (size < 1 || size > (1 << 26)) throw std::invalid_argument("a size of the model is out of range");
  }
  if (shape.num_heads % shape.num_kv_heads != 0) throw std::invalid_argument("key heads must divide query heads");
  if (shape.head_dim % 2 != 0) throw std::invalid_argument("head_dim must be even");
}

}  // namespace

BoundMatrix::BoundMatrix(Format format, int num_outputs, int num_inputs, Bytes packed)
    : matrix_{format, num_outputs, num_inputs, packed.data()}, packed_(packed) {
  if (packed.shape(0) != packed_bytes(format, num_outputs, num_inputs)) {
    throw std::invalid_argument("packed has " + std::to_string(packed.shape(0)) + " bytes, not " +
                                std::to_string(packed_bytes(format, num_outputs, num_inputs)));
  }
  if (reinterpret_cast<uintptr_t>(packed.data()) % 64 != 0) {
    throw std::invalid_argument("packed is not aligned to 64 bytes");
  }
}

BoundLayer::BoundLayer(FloatRow attention_norm, const BoundMatrix& qkv, std::optional<FloatRow> qkv_bias,
                       std::optional<FloatRow> query_norm, std::optional<FloatRow> key_norm, const BoundMatrix& output,
                       std::optional<FloatRow> output_bias, FloatRow mlp_norm, const BoundMatrix& gate_up,
                       std::optional<FloatRow> gate_up_bias, const BoundMatrix& down,
                       std::optional<FloatRow> down_bias, int window)
    : attention_norm_(attention_norm),
      mlp_norm_(mlp_norm),
      qkv_(qkv),
      output_(output),
      gate_up_(gate_up),
      down_(down),
      qkv_bias_(qkv_bias),
      query_norm_(query_norm),
      key_norm_(key_norm),
      output_bias_(output_bias),
      gate_up_bias_(gate_up_bias),
      down_bias_(down_bias),
      window_(window) {
  if (window < 0) throw std::invalid_argument("window must be 0 or more");
}

Layer BoundLayer::layer(const ModelShape& shape) const {
  Layer layer{};
  layer.attention_norm = vector_of(attention_norm_, shape.hidden_size, "attention_norm");
  layer.qkv = {qkv_.matrix(), vector_of(qkv_bias_, shape.qkv_size(), "qkv_bias")};
  layer.query_norm = vector_of(query_norm_, shape.head_dim, "query_norm");
  layer.key_norm = vector_of(key_norm_, shape.head_dim, "key_norm");
  layer.output = {output_.matrix(), vector_of(output_bias_, shape.hidden_size, "output_bias")};
  layer.mlp_norm = vector_of(mlp_norm_, shape.hidden_size, "mlp_norm");
  layer.gate_up = {gate_up_.matrix(), vector_of(gate_up_bias_, 2 * shape.intermediate_size, "gate_up_bias")};
  layer.down = {down_.matrix(), vector_of(down_bias_, shape.hidden_size, "down_bias")};
  layer.window = window_;
  return layer;
}

BoundModel::BoundModel(const ModelShape& shape, const BoundMatrix& embedding, std::vector<BoundLayer> layers,
                       FloatRow norm, const BoundMatrix& head, FloatRow frequencies, int num_threads,
                       const std::string& isa)
    : layers_(std::move(layers)), embedding_(embedding), head_(head), norm_(norm) {
  check_shape(shape);
  if (num_threads < 0 || num_threads > 1024) throw std::invalid_argument("num_threads must be from 0 to 1024");
  require_len(norm, static_cast<size_t>(shape.hidden_size), "norm");
  ModelWeights weights;
  weights.embedding = embedding.matrix();
  weights.head = head.matrix();
  weights.norm = norm.data();
  weights.frequencies.assign(frequencies.data(), frequencies.data() + frequencies.shape(0));
  for (const BoundLayer& layer : layers_) weights.layers.push_back(layer.layer(shape));
  model_ = std::make_unique<Model>(shape, std::move(weights), num_threads, choose_isa(isa));
}

void BoundModel::allocate(KvFormat format, int num_blocks, int block_len) {
  if (num_blocks < 1 || block_len < 1) throw std::invalid_argument("num_blocks and block_len must be at least 1");
  model_->allocate(format, num_blocks, block_len);
}

nb::tuple BoundModel::run(nb::handle object) {
  const Batch batch = read_batch(object);
  Choices choices;
  {
    nb::gil_scoped_release released;
    choices = model_->run(batch);
  }
  return write_choices(std::move(choices));
}

nb::object BoundModel::logits(Array<int32_t, 1> tokens) {
  const size_t num_tokens = tokens.shape(0), width = static_cast<size_t>(model_->shape().vocab_size);
  std::vector<float> out(num_tokens * width);
  model_->logits(tokens.data(), static_cast<int>(num_tokens), out.data());
  return to_numpy(std::move(out), {num_tokens, width});
}

void bind_model(nb::module_& module) {
  nb::class_<ModelShape>(module, "ModelShape")
      .def(nb::init<int, int, int, int, int, int, float>(), nb::kw_only(), nb::arg("vocab_size"),
           nb::arg("hidden_size"), nb::arg("intermediate_size"), nb::arg("num_heads"), nb::arg("num_kv_heads"),
           nb::arg("head_dim"), nb::arg("rms_norm_eps"));
  nb::class_<BoundMatrix>(module, "Matrix")
      .def(nb::init<Format, int, int, Bytes>(), nb::arg("weight_format"), nb::arg("num_outputs"), nb::arg("num_inputs"),
           nb::arg("packed").noconvert());
  nb::class_<BoundLayer>(module, "Layer")
      .def(nb::init<FloatRow, const BoundMatrix&, std::optional<FloatRow>, std::optional<FloatRow>,
                    std::optional<FloatRow>, const BoundMatrix&, std::optional<FloatRow>, FloatRow, const BoundMatrix&,
                    std::optional<FloatRow>, const BoundMatrix&, std::optional<FloatRow>, int>(),
           nb::kw_only(), nb::arg("attention_norm"), nb::arg("qkv"), nb::arg("qkv_bias").none(),
           nb::arg("query_norm").none(), nb::arg("key_norm").none(), nb::arg("output"), nb::arg("output_bias").none(),
           nb::arg("mlp_norm"), nb::arg("gate_up"), nb::arg("gate_up_bias").none(), nb::arg("down"),
           nb::arg("down_bias").none(), nb::arg("window"));
  nb::class_<BoundModel>(module, "Model")
      .def(nb::init<const ModelShape&, const BoundMatrix&, std::vector<BoundLayer>, FloatRow, const BoundMatrix&,
                    FloatRow, int, const std::string&>(),
           nb::kw_only(), nb::arg("shape"), nb::arg("embedding"), nb::arg("layers"), nb::arg("norm"), nb::arg("head"),
           nb::arg("frequencies"), nb::arg("num_threads"), nb::arg("isa"))
      .def_prop_ro("num_threads", &BoundModel::num_threads)
      .def_prop_ro("isa", &BoundModel::isa)
      .def("allocate", &BoundModel::allocate, nb::arg("kv_format"), nb::arg("num_blocks"), nb::arg("block_len"))
      .def("run", &BoundModel::run, nb::arg("batch"))
      .def("logits", &BoundModel::logits, nb::arg("tokens"));
}

}  // namespace firstbyte
