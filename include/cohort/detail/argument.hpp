// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What checks see of an argument, whatever its type: its memory, its shape, its alignment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <cohort/core/mask.hpp>
#include <cohort/core/vocabulary_mask.hpp>
#include <cohort/detail/overlap.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class T, class Space>
footprint footprint_of(mask_view<T, Space> const& x) {
  return footprint_of(x.data, x.rank, x.extent, x.stride, x.element_bytes());
}

template <class Space>
footprint footprint_of(vocabulary_mask_view<Space> const& x) {
  if (!x.given()) return {};
  return footprint_of(x.data, x.rank, x.extent, x.stride, sizeof(*x.data));
}

template <class Space>
footprint footprint_of(index_view<Space> const& x) {
  if (!x.given) return {};
  return footprint_of(x.data, 1, &x.extent, &x.stride, static_cast<std::size_t>(x.bytes));
}

/// What the address of an argument's elements is a multiple of.
template <class View>
requires requires(View const& x) { sizeof(*x.data); }
constexpr std::size_t alignment_of(View const& x) { return alignof(std::remove_pointer_t<decltype(x.data)>); }
template <class T, class Space>
constexpr std::size_t alignment_of(mask_view<T, Space> const& x) {
  return x.element_bytes();
}
template <class Space>
constexpr std::size_t alignment_of(index_view<Space> const& x) {
  return static_cast<std::size_t>(x.bytes);
}

/// An argument without its type: a rule over it is compiled once.
struct seen_argument {
  void const* data;
  index_t const* extent;
  index_t const* stride;
  int rank;
  std::size_t alignment;
};
template <class View>
constexpr seen_argument seen(View const& x) {
  return {x.data, x.extent, x.stride, x.rank, alignment_of(x)};
}
template <class Space>
constexpr seen_argument seen(index_view<Space> const& x) {
  return {x.data, &x.extent, &x.stride, 1, alignment_of(x)};
}

} // namespace detail

COHORT_NAMESPACE_END
