// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// std::span, std::vector, std::array and C arrays of one or two dimensions as tensors in host memory.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include <cohort/core/tensor.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// A contiguous range of one dimension with data() and size().
template <class Range, class Value>
struct range_traits {
  static_assert(
      !std::is_same_v<Value, bool> || !requires(Range & r) { r.flip(); },
      "cohort: std::vector<bool> has no elements in memory: use std::vector<std::uint8_t>");
  using value_type = std::remove_cv_t<Value>;
  using memory_space = host_space;
  static constexpr int rank = 1;
  static auto data(Range& r) { return r.data(); }
  static auto data(Range const& r) { return r.data(); }
  static index_t extent(Range const& r, int) { return static_cast<index_t>(r.size()); }
  static index_t stride(Range const&, int) { return 1; }
};

} // namespace detail

template <class T, std::size_t Extent>
struct tensor_traits<std::span<T, Extent>> : detail::range_traits<std::span<T, Extent>, T> {};
template <class T, class Allocator>
struct tensor_traits<std::vector<T, Allocator>> : detail::range_traits<std::vector<T, Allocator>, T> {};
template <class T, std::size_t N>
struct tensor_traits<std::array<T, N>> : detail::range_traits<std::array<T, N>, T> {};

template <class T, std::size_t N>
requires(!std::is_array_v<T>) struct tensor_traits<T[N]> {
  using value_type = T;
  using memory_space = host_space;
  static constexpr int rank = 1;
  static T* data(T (&x)[N]) { return x; }
  static T const* data(T const (&x)[N]) { return x; }
  static index_t extent(T const (&)[N], int) { return static_cast<index_t>(N); }
  static index_t stride(T const (&)[N], int) { return 1; }
};

template <class T, std::size_t Rows, std::size_t Columns>
requires(!std::is_array_v<T>) struct tensor_traits<T[Rows][Columns]> {
  using value_type = T;
  using memory_space = host_space;
  static constexpr int rank = 2;
  static T* data(T(&x)[Rows][Columns]) { return &x[0][0]; }
  static T const* data(T const(&x)[Rows][Columns]) { return &x[0][0]; }
  static index_t extent(T const(&)[Rows][Columns], int axis) {
    return static_cast<index_t>(axis == 0 ? Rows : Columns);
  }
  static index_t stride(T const(&)[Rows][Columns], int axis) { return axis == 0 ? static_cast<index_t>(Columns) : 1; }
};

COHORT_NAMESPACE_END
