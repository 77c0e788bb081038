// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Eigen's dense types, maps and refs as tensors in host memory. An expression has no memory: evaluate it first.
#pragma once

#include <concepts>
#include <type_traits>

#include <Eigen/Core>

#include <cohort/core/tensor.hpp>

COHORT_NAMESPACE_BEGIN

template <>
struct scalar_traits<Eigen::half> {
  using storage = half;
};
template <>
struct scalar_traits<Eigen::bfloat16> {
  using storage = bfloat16;
};

namespace detail {

/// Anything of Eigen's with its elements in memory: Matrix, Array, Map, Ref, blocks of them.
template <class X>
concept eigen_dense = std::derived_from<X, Eigen::DenseBase<X>> && requires(X const& x) {
  { x.data() } -> std::convertible_to<typename X::Scalar const*>;
  { x.outerStride() } -> std::convertible_to<Eigen::Index>;
  { x.innerStride() } -> std::convertible_to<Eigen::Index>;
};

} // namespace detail

/// Vectors (one extent is 1 at compile time) have rank 1, everything else rank 2 with rows first, in either order.
template <detail::eigen_dense X>
struct tensor_traits<X> {
  using value_type = std::remove_const_t<typename X::Scalar>;
  using memory_space = host_space;
  static constexpr int rank = X::IsVectorAtCompileTime ? 1 : 2;
  static constexpr bool row_major = bool(X::IsRowMajor);

  static auto data(X& x) { return x.data(); }
  static auto data(X const& x) { return x.data(); }
  static index_t extent(X const& x, int axis) {
    if constexpr (rank == 1)
      return x.size();
    else
      return axis == 0 ? x.rows() : x.cols();
  }
  static index_t stride(X const& x, int axis) {
    if constexpr (rank == 1)
      return x.innerStride();
    else
      return (axis == 0) == row_major ? x.outerStride() : x.innerStride();
  }
};

COHORT_NAMESPACE_END
