// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Sums that no order changes: terms are rounded beforehand to a grid on which every partial sum is exact, the
/// remainders to a finer one. What both leave away is below 2^-100 of the largest term times the number of terms.
///
/// Source  Demmel and Nguyen 2013, "Fast reproducible floating-point summation"; Rump 2009 for the unit in the first
/// place.
#pragma once

#include <cohort/core/accumulator.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class V>
struct order_free_sum {
  V first = V(0);
  V second = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return order_free_sum<field_t<F, sum_rule, decltype(s.first)...>>{f(sum_rule{}, s.first...),
                                                                      f(sum_rule{}, s.second...)};
  }
};

/// A power of two above x >= 0, at most four times as large; 0 for 0.
template <class U>
COHORT_HOST_DEVICE COHORT_INLINE U power_of_two_above(U x) {
  U const q = lane_multiply(x, U(0x1p52 + 1));
  U const first = q - lane_multiply(q, U(1 - 0x1p-53));
  return first + first;
}

/// The two grids for `count` terms of at most `bound`: with M = 2 * count * bound, every partial sum is below M, and
/// multiples of ulp(M) add exactly; the remainders are below ulp(M).
template <class U>
struct sum_grid {
  U coarse;
  U fine;
  COHORT_HOST_DEVICE COHORT_INLINE sum_grid(U bound, U count) {
    U const terms = count + count;
    coarse = power_of_two_above(lane_multiply(bound, terms));
    fine = power_of_two_above(lane_multiply(lane_multiply(coarse, U(0x1p-52)), terms));
  }
};

/// x as a multiple of the first grid's unit.
template <class W, class U>
COHORT_HOST_DEVICE COHORT_INLINE W on_coarse_grid(W x, sum_grid<U> const& grid) {
  return (x + W(grid.coarse)) - W(grid.coarse);
}

/// x as a multiple of either grid's unit.
template <class W, class U>
COHORT_HOST_DEVICE COHORT_INLINE order_free_sum<W> on_grid(W x, sum_grid<U> const& grid) {
  W const first = on_coarse_grid(x, grid), fine(grid.fine);
  return {first, ((x - first) + fine) - fine};
}

} // namespace detail

COHORT_NAMESPACE_END
