// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/row_layout.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// What takes no turns where a team is one thread.
struct one_thread {
  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void once(F f) const {
    f();
  }
  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void at(index_t, F f) const {
    f();
  }
  template <class Flag>
  COHORT_HOST_DEVICE index_t list(index_t n, Flag flag, line<index_t> out) const {
    index_t found = 0;
    for (index_t i = 0; i < n; ++i)
      if (flag(i)) out.p[found++ * out.step] = i;
    return found;
  }
};

} // namespace detail

COHORT_NAMESPACE_END
