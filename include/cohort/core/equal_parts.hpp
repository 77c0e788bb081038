// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// n cut into equal parts of at most `most`, each a multiple of `unit`, the last what is left.
struct equal_parts {
  index_t n = 0, size = 1, count = 0;

  constexpr equal_parts(index_t all, index_t most, index_t unit = 1) : n(all) {
    if (n <= 0) return;
    index_t const parts = (n - 1) / most + 1, even = (n - 1) / parts + 1;
    size = (even + unit - 1) / unit * unit;
    count = (n - 1) / size + 1;
  }
  [[nodiscard]] constexpr index_t first(index_t part) const { return part * size; }
  [[nodiscard]] constexpr index_t length(index_t part) const { return size < n - first(part) ? size : n - first(part); }
};

} // namespace detail

COHORT_NAMESPACE_END
