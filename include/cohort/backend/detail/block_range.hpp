// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Block b of `count` over units [0, units): cut by these numbers alone, the first ones longer by one unit at most.
struct block_range {
  index_t first, last;
  COHORT_HOST_DEVICE constexpr block_range(index_t units, index_t count, index_t b)
      : first(units / count * b + (b < units % count ? b : units % count)),
        last(first + units / count + (b < units % count ? 1 : 0)) {}
};

} // namespace detail

COHORT_NAMESPACE_END
