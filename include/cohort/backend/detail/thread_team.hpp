// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/backend/detail/plain_context.hpp>
#include <cohort/core/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// One thread per row, scalar lanes of S: cells in ascending order, scans from the last cell on.
template <class S>
struct thread_team : unstaged_team {
  using uniform = double;

  template <template <class> class A, class F>
  COHORT_HOST_DEVICE A<double> reduce(index_t n, F f) const {
    A<double> total;
    for (index_t c = 0; c < n; ++c) total = merge(total, fold(f(lane<S, true>{1}, c)));
    return total;
  }
  template <class F>
  COHORT_HOST_DEVICE void for_each(index_t n, F f) const {
    for (index_t c = 0; c < n; ++c) f(lane<S, true>{1}, c);
  }
  template <template <class> class E, class F, class G>
  COHORT_HOST_DEVICE void scan_reverse(index_t n, F f, G g) const {
    E<S> state;
    for (index_t c = n; c-- > 0;) {
      state = compose(f(lane<S, true>{1}, c), state);
      g(lane<S, true>{1}, c, state);
    }
  }
};

} // namespace detail

COHORT_NAMESPACE_END
