// The model as Python holds it: it keeps the arrays alive that its weights point into.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrays.h"
#include "step/model.h"

namespace firstbyte {

class BoundMatrix {
 public:
  // Throws std::invalid_argument if `packed` does not have packed_bytes() bytes aligned to 64.
  BoundMatrix(Format format, int num_outputs, int num_inputs, Bytes packed);

  const Matrix& matrix() const { return matrix_; }

 private:
  Matrix matrix_;
  Bytes packed_;
};

class BoundLayer {
 public:
  BoundLayer(FloatRow attention_norm, const BoundMatrix& qkv, std::optional<FloatRow> qkv_bias,
             std::optional<FloatRow> query_norm, std::optional<FloatRow> key_norm, const BoundMatrix& output,
             std::optional<FloatRow> output_bias, FloatRow mlp_norm, const BoundMatrix& gate_up,
             std::optional<FloatRow> gate_up_bias, const BoundMatrix& down, std::optional<FloatRow> down_bias,
             int window);

  // Throws std::invalid_argument if a vector does not have the shape's length. (Matrices are checked by Model.)
  Layer layer(const ModelShape& shape) const;

 private:
  FloatRow attention_norm_, mlp_norm_;
  BoundMatrix qkv_, output_, gate_up_, down_;
  std::optional<FloatRow> qkv_bias_, query_norm_, key_norm_, output_bias_, gate_up_bias_, down_bias_;
  int window_;
};

class BoundModel {
 public:
  BoundModel(const ModelShape& shape, const BoundMatrix& embedding, std::vector<BoundLayer> layers, FloatRow norm,
             const BoundMatrix& head, FloatRow frequencies, int num_threads, const std::string& isa);

  void allocate(KvFormat format, int num_blocks, int block_len);
  nb::tuple run(nb::handle batch);
  nb::object logits(Array<int32_t, 1> tokens);
  int num_threads() const { return model_->num_threads(); }
  std::string isa() const { return std::string(isa_name(model_->isa())); }

 private:
  std::vector<BoundLayer> layers_;
  BoundMatrix embedding_, head_;
  FloatRow norm_;
  std::unique_ptr<Model> model_;
};

void bind_model(nb::module_& module);

}  // namespace firstbyte
