// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Whether two arguments share memory: an output may be an input exactly, element for element, and must not touch it
/// otherwise.
#pragma once

#include <cstdint>

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// The bytes from `first` up to `last` that a strided argument may touch.
struct byte_range {
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;
};

template <class View>
byte_range reach(View const& x, int rank, index_t element_bytes) {
  std::uintptr_t low = 0, high = 1; // in elements, modulo the address space: the shape is checked elsewhere
  for (int i = 0; i < rank; ++i) {
    if (x.extent[i] == 0) return {};
    auto const span = static_cast<std::uintptr_t>(x.extent[i] - 1) * static_cast<std::uintptr_t>(x.stride[i]);
    (x.stride[i] < 0 ? low : high) += span;
  }
  auto const start = reinterpret_cast<std::uintptr_t>(x.data), bytes = static_cast<std::uintptr_t>(element_bytes);
  return {start + low * bytes, start + high * bytes};
}

constexpr bool intersect(byte_range a, byte_range b) { return a.first < b.last && b.first < a.last; }

/// Two arguments: disjoint, or the same elements in the same places.
template <class Out, class In>
bool overlaps(Out const& out, In const& in) {
  if (out.rank == 0 || in.rank == 0 || !out.data || !in.data) return false;
  auto const bytes = static_cast<index_t>(sizeof(*out.data));
  bool same = static_cast<void const*>(out.data) == static_cast<void const*>(in.data) && out.rank == in.rank;
  for (int i = 0; same && i < out.rank; ++i) same = out.stride[i] == in.stride[i] || out.extent[i] <= 1;
  return !same && intersect(reach(out, out.rank, bytes), reach(in, in.rank, bytes));
}

} // namespace detail

COHORT_NAMESPACE_END
