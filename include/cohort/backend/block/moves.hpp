// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Which bytes and cells each thread of a block moves between memory and shared memory.
#pragma once

#include <cstdint>

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// A run of elements: to the first multiple of 16 bytes one by one, whole units of 16, and what is left, one by one.
struct unit_bytes {
  std::uint32_t head, middle, tail;

  COHORT_HOST_DEVICE COHORT_INLINE unit_bytes(std::uintptr_t address, std::uint32_t bytes) {
    auto const to_unit = static_cast<std::uint32_t>((16 - address % 16) % 16);
    head = to_unit < bytes ? to_unit : bytes;
    middle = (bytes - head) / 16 * 16;
    tail = bytes - head - middle;
  }
  /// Elements that move by themselves, fewer than 16 bytes on either side, and where the k-th stands.
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE std::uint32_t edges(std::uint32_t element) const {
    return (head + tail) / element;
  }
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE std::uint32_t edge(std::uint32_t k, std::uint32_t element) const {
    return k * element < head ? k * element : middle + k * element;
  }
};

/// f(row, c) for the cells of a tile, count rows of width, that fall to one of `threads`: neighbouring threads have
/// neighbouring cells.
template <class F>
COHORT_HOST_DEVICE COHORT_INLINE void cells_of_tile(int thread, int threads, int width, int count, F f) {
  int const rows_on = threads / width, cells_on = threads % width;
  for (int row = thread / width, c = thread % width; row < count;) {
    f(row, c);
    row += rows_on, c += cells_on;
    if (c >= width) c -= width, ++row;
  }
}

} // namespace detail

COHORT_NAMESPACE_END
