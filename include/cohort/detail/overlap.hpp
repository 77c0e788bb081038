// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Whether two arguments share memory: an output may be an input exactly, element for element, and must not touch it
/// otherwise.
#pragma once

#include <cstddef>
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
byte_range reach(View const& x, int rank, std::size_t element_bytes) {
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

/// Rows of one buffer side by side: the same distance from row to row, and each row inside its own part of it.
template <class Out, class In>
bool side_by_side(Out const& out, In const& in) {
  constexpr std::size_t element = sizeof(*out.data);
  bool const rows = out.rank == 2 && in.rank == 2 && out.stride[0] == in.stride[0] && out.stride[0] > 0;
  if (!rows || out.stride[out.rank - 1] != 1 || in.stride[in.rank - 1] != 1 || sizeof(*in.data) != element)
    return false;
  auto const a = reinterpret_cast<std::uintptr_t>(out.data), b = reinterpret_cast<std::uintptr_t>(in.data);
  auto const pitch = static_cast<std::uintptr_t>(out.stride[0]) * element;
  auto const own = static_cast<std::uintptr_t>(out.extent[out.rank - 1]) * element;
  auto const other = static_cast<std::uintptr_t>(in.extent[in.rank - 1]) * element;
  std::uintptr_t const gap = (a < b ? b - a : a - b) % pitch, first = a < b ? own : other, second = a < b ? other : own;
  return first <= gap && gap + second <= pitch;
}

/// Two arguments: disjoint, or the same elements in the same places.
template <class Out, class In>
bool overlaps(Out const& out, In const& in) {
  if (out.rank == 0 || in.rank == 0 || !out.data || !in.data) return false;
  bool same = static_cast<void const*>(out.data) == static_cast<void const*>(in.data) && out.rank == in.rank &&
              sizeof(*out.data) == sizeof(*in.data);
  for (int i = 0; same && i < out.rank; ++i) same = out.stride[i] == in.stride[i] || out.extent[i] <= 1;
  if (same || side_by_side(out, in)) return false;
  return intersect(reach(out, out.rank, sizeof(*out.data)), reach(in, in.rank, sizeof(*in.data)));
}

} // namespace detail

COHORT_NAMESPACE_END
