// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Whether two arguments share memory: an output may be an input exactly, element for element, and must not touch it
/// otherwise; and no element of an output may be another one of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// The memory of a strided argument: the bytes first .. last that it may touch, and where it is runs of `width` bytes
/// every `pitch`, those.
struct footprint {
  void const* data = nullptr;
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;
  std::uintptr_t pitch = 0;
  std::uintptr_t width = 0;
  int rank = 0;
  index_t extent[2] = {};
  index_t stride[2] = {};
};

/// Arithmetic modulo the address space: whether the shape fits 64 bits is checked elsewhere.
COHORT_APART inline footprint footprint_of(void const* data, int rank, index_t const* extent, index_t const* stride,
                                           std::size_t element) {
  footprint x{.data = data, .rank = rank};
  std::uintptr_t low = 0, high = 1;
  for (int i = 0; i < rank; ++i) {
    if (extent[i] <= 0 || !data) return {};
    x.extent[i] = extent[i];
    x.stride[i] = stride[i];
    (stride[i] < 0 ? low : high) += static_cast<std::uintptr_t>(extent[i] - 1) * static_cast<std::uintptr_t>(stride[i]);
  }
  x.first = reinterpret_cast<std::uintptr_t>(data) + low * element;
  x.last = reinterpret_cast<std::uintptr_t>(data) + high * element;
  bool const runs = stride[0] > 0 && (rank == 1 || stride[1] == 1);
  x.pitch = runs ? static_cast<std::uintptr_t>(stride[0]) * element : 0;
  x.width = rank == 2 ? static_cast<std::uintptr_t>(extent[1]) * element : element;
  return x;
}

template <class View>
requires requires(View const& x) { sizeof(*x.data); }
footprint footprint_of(View const& x) {
  if (x.rank == 0) return {};
  return footprint_of(x.data, x.rank, x.extent, x.stride, sizeof(*x.data));
}

inline footprint const& footprint_of(footprint const& x) { return x; }

constexpr bool intersect(footprint const& a, footprint const& b) { return a.first < b.last && b.first < a.last; }

/// Runs of one buffer side by side: the same pitch, and each inside its own part of it.
constexpr bool side_by_side(footprint const& a, footprint const& b) {
  if (a.pitch == 0 || a.pitch != b.pitch) return false;
  footprint const& lower = a.first <= b.first ? a : b;
  footprint const& upper = a.first <= b.first ? b : a;
  std::uintptr_t const gap = (upper.first - lower.first) % a.pitch;
  return lower.width <= gap && gap + upper.width <= a.pitch;
}

/// The same elements in the same places.
constexpr bool coincide(footprint const& a, footprint const& b) {
  bool same = a.data == b.data && a.rank == b.rank && a.last - a.first == b.last - b.first;
  for (int i = 0; same && i < a.rank; ++i) same = a.stride[i] == b.stride[i] || a.extent[i] <= 1;
  return same;
}

constexpr bool share_memory(footprint const& a, footprint const& b) { return intersect(a, b) && !side_by_side(a, b); }

/// Two arguments of one value type: neither apart nor the same.
COHORT_APART inline bool overlap(footprint const& a, footprint const& b, bool same_size) {
  return share_memory(a, b) && !(same_size && coincide(a, b));
}
template <class Out, class In>
bool overlaps(Out const& out, In const& in) {
  return overlap(footprint_of(out), footprint_of(in), sizeof(*out.data) == sizeof(*in.data));
}

/// Whether two elements of one argument are the same memory: i * a = j * b within the extents, for strides a and b.
constexpr bool folds_onto_itself(footprint const& x) {
  auto const size = [&](int i) {
    auto const stride = static_cast<std::uintptr_t>(x.stride[i]);
    return x.stride[i] < 0 ? 0 - stride : stride;
  };
  for (int i = 0; i < x.rank; ++i)
    if (x.extent[i] > 1 && x.stride[i] == 0) return true;
  if (x.rank < 2 || x.extent[0] <= 1 || x.extent[1] <= 1) return false;
  std::uintptr_t const common = std::gcd(size(0), size(1));
  return size(1) / common < static_cast<std::uintptr_t>(x.extent[0]) &&
         size(0) / common < static_cast<std::uintptr_t>(x.extent[1]);
}

} // namespace detail

COHORT_NAMESPACE_END
