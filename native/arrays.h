// NumPy arrays across the border: what comes in is checked for type, dimensions and contiguity, what goes out is owned.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace firstbyte {

namespace nb = nanobind;

template <class T, int Dimensions>
using Array = nb::ndarray<const T, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
using FloatRow = Array<float, 1>;
using FloatRows = Array<float, 2>;
using Bytes = Array<uint8_t, 1>;

// Attribute `name` of `owner` as an array; throws std::invalid_argument if it is another kind of value.
template <class T, int Dimensions>
Array<T, Dimensions> read_array(nb::handle owner, const char* name) {
  Array<T, Dimensions> array;
  if (!nb::try_cast(owner.attr(name), array, false)) {
    throw std::invalid_argument(std::string(name) + " has another type, number of dimensions or memory order");
  }
  return array;
}

template <class A>
void require_len(const A& array, size_t len, const char* name) {
  if (array.shape(0) != len) {
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(array.shape(0)) + " entries, not " +
                                std::to_string(len));
  }
}

template <class T>
nb::object to_numpy(std::vector<T> values, std::initializer_list<size_t> shape) {
  auto* owned = new std::vector<T>(std::move(values));
  nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
  return nb::cast(nb::ndarray<nb::numpy, T>(owned->data(), shape, owner));
}

template <class T>
nb::object to_numpy(std::vector<T> values) {
  const size_t size = values.size();
  return to_numpy(std::move(values), {size});
}

}  // namespace firstbyte
