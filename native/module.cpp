// firstbyte.engine.backends.native._kernels: the seam to Python. Every bound is checked on this side of it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <new>

#include "arrays.h"
#include "bound_kernels.h"
#include "bound_model.h"
#include "checksum.h"
#include "isa.h"
#include "linear/pack.h"
#include "step/batch.h"
#include "thread_pool.h"

namespace firstbyte {
namespace {

nb::object pack_matrix(Format format, FloatRows weights, int num_threads) {
  const size_t num_bytes = packed_bytes(format, static_cast<int>(weights.shape(0)), static_cast<int>(weights.shape(1)));
  auto* packed = static_cast<uint8_t*>(::operator new(num_bytes, std::align_val_t{64}));
  nb::capsule owner(packed, [](void* pointer) noexcept { ::operator delete(pointer, std::align_val_t{64}); });
  {
    nb::gil_scoped_release released;
    ThreadPool pool(num_threads);
    pack(format, weights.data(), static_cast<int>(weights.shape(0)), static_cast<int>(weights.shape(1)), packed, pool);
  }
  return nb::cast(nb::ndarray<nb::numpy, uint8_t>(packed, {num_bytes}, owner));
}

uint64_t checksum_of(Bytes data, int num_threads) {
  nb::gil_scoped_release released;
  ThreadPool pool(num_threads);
  return checksum(data.data(), data.shape(0), pool);
}

}  // namespace
}  // namespace firstbyte

NB_MODULE(_kernels, module) {
  using namespace firstbyte;
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const NoChoice& error) {
      PyErr_SetString(PyExc_FloatingPointError, error.what());
    }
  });
  nb::enum_<Format>(module, "Format")
      .value("F32", Format::F32)
      .value("BF16", Format::BF16)
      .value("F16", Format::F16)
      .value("INT8", Format::Int8)
      .value("INT4", Format::Int4);
  nb::enum_<KvFormat>(module, "KvFormat")
      .value("F32", KvFormat::F32)
      .value("F16", KvFormat::F16)
      .value("INT8", KvFormat::Int8);
  module.def("detect_isa", [] { return std::string(isa_name(detect_isa())); });
  module.def("is_available", [](const std::string& name) {
    for (Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512Vnni, Isa::NeonDot}) {
      if (isa_name(isa) == name) return is_available(isa);
    }
    return false;
  }, nb::arg("isa"));
  module.def("num_usable_cores", &num_usable_cores);
  module.def("packed_bytes", &packed_bytes, nb::arg("weight_format"), nb::arg("num_outputs"), nb::arg("num_inputs"));
  module.def("pack", &pack_matrix, nb::arg("weight_format"), nb::arg("weights"), nb::arg("num_threads"));
  module.def("checksum", &checksum_of, nb::arg("data"), nb::arg("num_threads"));
  bind_model(module);
  bind_kernels(module);
}
