// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The importance ratio and its derivative with respect to the log ratio, which may be held between two bounds:
///
///   ratio = exp(clamp(log_ratio, low, high)),   d ratio / d log_ratio = ratio within the bounds, 0 strictly beyond
///
/// Units nats. No bounds by default: an overflow is the true value, and whoever uses it must look. verl holds token
/// ratios at +-20 and its sequence ratios at 10 from above.
struct log_ratio_bounds {
  double low = -infinity;
  double high = infinity;

  [[nodiscard]] COHORT_HOST_DEVICE constexpr bool given() const { return low > -infinity || high < infinity; }

  /// The log ratio, held; NaN stays NaN.
  template <class V>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE V held(V log_ratio) const {
    V const below = lane_select(V(high) < log_ratio, V(high), log_ratio);
    return lane_select(below < V(low), V(low), below);
  }
  /// Where a gradient goes through: not strictly beyond a bound.
  template <class V>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE auto within(V log_ratio) const {
    return lane_and(V(low) <= log_ratio, log_ratio <= V(high));
  }

  [[nodiscard]] constexpr parameter_fault fault() const {
    if (!(low <= 0)) return {"log_ratio.low", "the lower bound of a log ratio is not positive", low};
    if (!(high >= 0)) return {"log_ratio.high", "the upper bound of a log ratio is not negative", high};
    return {};
  }
};

COHORT_NAMESPACE_END
