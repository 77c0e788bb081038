// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The log-prob weighted by a clipped importance ratio: a bound holds the weight of a token, never its gradient.
///
///   weight = clamp(ratio, low, high)                             (held: no gradient goes through it)
///   value  = -weight * advantage * log_prob
///   slope  = -weight * advantage                                 (d value / d log_prob)
///
/// The bounds are those of the ratio itself, not distances from 1. A weight counts as clipped strictly beyond a bound,
/// where the advantage is not 0: clipped_high for a positive one, clipped_cap for a negative one. low = high = 1 is the
/// plain policy gradient, -advantage * log_prob (REINFORCE, GPG).
///
/// Source  MiniMax 2025 (MiniMax-M1, arXiv 2506.13585); GPG: Chu et al. 2025 (arXiv 2504.02546).
struct cispo {
  double low = 0;
  double high;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE surrogate_term<V> operator()(V ratio, V advantage, V log_prob) const {
    V const zero(0), one(1);
    auto const x = weighted_log_prob(lane_clamp(ratio, V(low), V(high)), advantage, log_prob);
    auto const below = lane_and(ratio < V(low), advantage != zero), above = V(high) < ratio;
    return {x.value, x.slope, lane_select(below, one, zero), lane_select(lane_and(above, zero < advantage), one, zero),
            lane_select(lane_and(above, advantage < zero), one, zero)};
  }

  [[nodiscard]] constexpr parameter_fault fault() const {
    if (!(high > 0 && high < infinity)) return {"high", "the upper bound of a weight is finite and positive", high};
    if (!(low >= 0 && low <= high)) return {"low", "the lower bound of a weight is in [0, high]", low};
    return {};
  }
};

COHORT_NAMESPACE_END
