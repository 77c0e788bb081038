// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A tensor with whatever pointer, extents and strides a test states.
#pragma once

#include <array>
#include <type_traits>

#include <cohort/core/tensor.hpp>

namespace cases {

template <class T, int Rank>
struct loose_tensor {
  T* data = nullptr;
  std::array<cohort::index_t, Rank> extent{};
  std::array<cohort::index_t, Rank> stride{};
};

template <class T>
loose_tensor<T, 1> loose_vector(T* data, cohort::index_t extent, cohort::index_t stride = 1) {
  return {data, {extent}, {stride}};
}
template <class T>
loose_tensor<T, 2> loose_matrix(T* data, cohort::index_t rows, cohort::index_t columns, cohort::index_t row_stride,
                                cohort::index_t column_stride = 1) {
  return {data, {rows, columns}, {row_stride, column_stride}};
}

} // namespace cases

template <class T, int Rank>
struct cohort::tensor_traits<cases::loose_tensor<T, Rank>> {
  using value_type = std::remove_cv_t<T>;
  using memory_space = cohort::host_space;
  static constexpr int rank = Rank;
  static T* data(cases::loose_tensor<T, Rank> const& x) { return x.data; }
  static cohort::index_t extent(cases::loose_tensor<T, Rank> const& x, int axis) {
    return x.extent[static_cast<std::size_t>(axis)];
  }
  static cohort::index_t stride(cases::loose_tensor<T, Rank> const& x, int axis) {
    return x.stride[static_cast<std::size_t>(axis)];
  }
};
