// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a tensor is: one specialisation of `tensor_traits` per foreign type, none for mdspan-shaped ones.
///
///   template <> struct cohort::tensor_traits<engine::matrix> {
///     using value_type = float;                       // of the elements, without const
///     using memory_space = cohort::host_space;
///     static constexpr int rank = 2;
///     static float* data(engine::matrix& m);          // and float const* from a const one
///     static cohort::index_t extent(engine::matrix const& m, int axis);
///     static cohort::index_t stride(engine::matrix const& m, int axis);   // in elements
///   };
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <cohort/core/index.hpp>
#include <cohort/core/memory_space.hpp>
#include <cohort/core/numeric.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class T>
concept mdspan_shaped = requires(T const& t, std::size_t axis) {
  typename T::element_type;
  { T::rank() } -> std::convertible_to<std::size_t>;
  t.data_handle();
  { t.extent(axis) } -> std::convertible_to<index_t>;
  { t.stride(axis) } -> std::convertible_to<index_t>;
};

template <class T>
struct space_of {
  using type = host_space;
};
template <class T>
requires requires { typename T::memory_space; }
struct space_of<T> {
  using type = typename T::memory_space;
};

} // namespace detail

/// The customisation point. The primary template knows no type but the mdspan-shaped ones.
template <class T>
struct tensor_traits {};

template <detail::mdspan_shaped T>
struct tensor_traits<T> {
  using value_type = std::remove_cv_t<typename T::element_type>;
  using memory_space = typename detail::space_of<T>::type;
  static constexpr int rank = static_cast<int>(T::rank());
  static auto data(T const& t) { return t.data_handle(); }
  static index_t extent(T const& t, int axis) { return static_cast<index_t>(t.extent(static_cast<std::size_t>(axis))); }
  static index_t stride(T const& t, int axis) { return static_cast<index_t>(t.stride(static_cast<std::size_t>(axis))); }
};

template <class T>
using traits_of = tensor_traits<std::remove_cvref_t<T>>;

/// Anything with a complete `tensor_traits`.
template <class T>
concept tensor = requires(std::remove_reference_t<T>& t) {
  typename traits_of<T>::value_type;
  typename traits_of<T>::memory_space;
  { traits_of<T>::rank } -> std::convertible_to<int>;
  traits_of<T>::data(t);
  { traits_of<T>::extent(std::as_const(t), 0) } -> std::convertible_to<index_t>;
  { traits_of<T>::stride(std::as_const(t), 0) } -> std::convertible_to<index_t>;
};

/// A tensor that a context working in Space may read.
template <class T, class Space>
concept tensor_in = tensor<T> && accessible_from<typename traits_of<T>::memory_space, Space>;

/// A tensor whose elements may be written.
template <class T>
concept writable_tensor = tensor<T> && requires(std::remove_reference_t<T>& t) {
  { traits_of<T>::data(t) } -> std::convertible_to<typename traits_of<T>::value_type*>;
};

/// The storage kind of a tensor's elements: `float` for float, `cohort::half` for a foreign half.
template <tensor T>
using value_of = storage_t<typename traits_of<T>::value_type>;

COHORT_NAMESPACE_END
