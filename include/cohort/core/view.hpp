// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What algorithms see of a tensor: pointer, extents, strides. Non-owning, trivially copyable.
///
/// A converting constructor checks rank, value type, memory space and constness by `static_assert`, not by a
/// constraint: only then a misuse inside the braces of a call prints a sentence.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <cohort/core/tensor.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class X, class T, class Space, int... Ranks>
consteval void check_binding() {
  static_assert(tensor<X>, "cohort: this argument is not a tensor: specialise cohort::tensor_traits for its type, or "
                           "evaluate the expression first (docs/concepts.md)");
  if constexpr (tensor<X>) {
    using traits = traits_of<X>;
    static_assert(accessible_from<typename traits::memory_space, Space>,
                  "cohort: this tensor lives in memory that the context cannot reach");
    static_assert(((traits::rank == Ranks) || ...), "cohort: this tensor has the wrong number of dimensions");
    static_assert(std::same_as<storage_t<typename traits::value_type>, std::remove_const_t<T>>,
                  "cohort: this tensor has another value type than the call");
    static_assert(std::is_const_v<T> || writable_tensor<X>,
                  "cohort: an output must be writable, and this tensor is const");
  }
}

/// The address as a pointer to the storage kind: a foreign half has the bytes of ours.
template <class T, class X>
constexpr T* data_of(X&& x) {
  using value = typename traits_of<X>::value_type;
  if constexpr (std::same_as<std::remove_const_t<T>, value>) {
    return traits_of<X>::data(x);
  } else {
    static_assert(sizeof(value) == sizeof(T), "cohort: scalar_traits names a storage kind of another size");
    return reinterpret_cast<T*>(traits_of<X>::data(x));
  }
}

} // namespace detail

/// A required argument. No default constructor: leaving it out of the braces does not compile.
template <class T, int Rank, class Space>
struct view {
  using value_type = std::remove_const_t<T>;
  using memory_space = Space;
  static constexpr int rank = Rank;

  T* data;
  index_t extent[Rank];
  index_t stride[Rank];

  constexpr view(T* pointer, index_t const (&extents)[Rank], index_t const (&strides)[Rank]) : data(pointer) {
    for (int i = 0; i < Rank; ++i) extent[i] = extents[i], stride[i] = strides[i];
  }
  template <class X>
  requires(!std::derived_from<std::remove_cvref_t<X>, view>) constexpr view(X&& x) : data{}, extent{}, stride{} {
    detail::check_binding<X, T, Space, Rank>();
    if constexpr (tensor<X>) {
      data = detail::data_of<T>(x);
      for (int i = 0; i < Rank; ++i) extent[i] = traits_of<X>::extent(x, i), stride[i] = traits_of<X>::stride(x, i);
    }
  }
};

/// A view is a tensor: raw memory needs no adapter, view<float, 2, host_space>(pointer, {rows, columns}, {stride, 1}).
template <class T, int Rank, class Space>
struct tensor_traits<view<T, Rank, Space>> {
  using value_type = std::remove_const_t<T>;
  using memory_space = Space;
  static constexpr int rank = Rank;
  static constexpr T* data(view<T, Rank, Space> const& x) { return x.data; }
  static constexpr index_t extent(view<T, Rank, Space> const& x, int axis) { return x.extent[axis]; }
  static constexpr index_t stride(view<T, Rank, Space> const& x, int axis) { return x.stride[axis]; }
};

/// A required matrix whose rows are contiguous. A type that knows its order says so by `row_major` in its traits, and a
/// column-major one then does not compile.
template <class T, class Space>
struct row_major_view : view<T, 2, Space> {
  template <class X>
  requires(!std::same_as<std::remove_cvref_t<X>, row_major_view>) constexpr row_major_view(X&& x)
      : view<T, 2, Space>(static_cast<X&&>(x)) {
    if constexpr (requires { traits_of<X>::row_major; })
      static_assert(traits_of<X>::row_major,
                    "cohort: logits are row-major, a row of the vocabulary contiguous; declare "
                    "this matrix row-major (Eigen::RowMajor)");
  }
};

/// An optional argument: absent when default-constructed.
template <class T, int Rank, class Space>
struct optional_view {
  using memory_space = Space;
  static constexpr int rank = Rank;
  T* data = nullptr;
  index_t extent[Rank] = {};
  index_t stride[Rank] = {};
  bool given = false;

  constexpr optional_view() = default;
  template <class X>
  requires(!std::derived_from<std::remove_cvref_t<X>, optional_view>) constexpr optional_view(X&& x) : given(true) {
    view<T, Rank, Space> const bound(static_cast<X&&>(x));
    data = bound.data;
    for (int i = 0; i < Rank; ++i) extent[i] = bound.extent[i], stride[i] = bound.stride[i];
  }
};

/// Ids, tokens and offsets: int32 or int64, one dimension.
template <class Space>
struct index_view {
  void const* data = nullptr;
  index_t extent = 0;
  index_t stride = 1;
  int bytes = 8;
  bool given = false;

  constexpr index_view() = default;
  template <class X>
  requires(!std::derived_from<std::remove_cvref_t<X>, index_view>) constexpr index_view(X&& x) : given(true) {
    static_assert(tensor<X>, "cohort: ids, tokens and offsets must be a tensor (docs/concepts.md)");
    if constexpr (tensor<X>) {
      using value = typename traits_of<X>::value_type;
      static_assert(std::is_integral_v<value> && std::is_signed_v<value> && (sizeof(value) == 4 || sizeof(value) == 8),
                    "cohort: ids, tokens and offsets are int32 or int64");
      detail::check_binding<X, value const, Space, 1>();
      data = traits_of<X>::data(x);
      extent = traits_of<X>::extent(x, 0);
      stride = traits_of<X>::stride(x, 0);
      bytes = static_cast<int>(sizeof(value));
    }
  }

  [[nodiscard]] COHORT_HOST_DEVICE index_t operator[](index_t i) const {
    return bytes == 4 ? at<std::int32_t>(i) : at<std::int64_t>(i);
  }

private:
  template <class Integer>
  COHORT_HOST_DEVICE index_t at(index_t i) const { // copied: the 64-bit type of the caller may be another one
    Integer value{};
    detail::copy_element(&value, static_cast<Integer const*>(data) + i * stride);
    return value;
  }
};

/// The same, required: no default constructor.
template <class Space>
struct required_index_view : index_view<Space> {
  template <class X>
  requires(!std::same_as<std::remove_cvref_t<X>, required_index_view>) constexpr required_index_view(X&& x)
      : index_view<Space>(static_cast<X&&>(x)) {}
};

COHORT_NAMESPACE_END
