// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The clipped surrogate of PPO as a loss, with its derivative with respect to the log ratio.
///
///   value = -min(ratio * advantage, clamp(ratio, 1 - low, 1 + high) * advantage)
///   slope = -ratio * advantage where the first is the smaller or equal one, 0 elsewhere
///
/// On an exact edge the gradient is the full one. A zero advantage gives exactly 0, even where the ratio overflowed.
/// Bounds are formed in double and rounded once. high > low is DAPO's clip-higher.
///
/// Source  Schulman et al. 2017 (arXiv 1707.06347), eq. 7; Yu et al. 2025 (arXiv 2503.14476) for two bounds.
struct ppo_clip {
  double low = 0.2;
  double high = 0.2;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE surrogate_term<V> operator()(V ratio, V advantage) const {
    V const zero(0), one(1);
    V const unclipped = lane_select(advantage == zero, zero, ratio * advantage);
    V const held = lane_clamp(ratio, V(1 - low), V(1 + high)) * advantage;
    auto const clipped = held < unclipped;
    auto const below = lane_and(clipped, advantage < zero), above = lane_and(clipped, zero < advantage);
    return {zero - lane_select(clipped, held, unclipped), lane_select(clipped, zero, zero - unclipped),
            lane_select(below, one, zero), lane_select(above, one, zero)};
  }

  [[nodiscard]] constexpr parameter_fault fault() const {
    if (!(low >= 0 && low <= 1)) return {"low", "the lower clip range is in [0, 1]", low};
    if (!(high >= 0 && high < infinity)) return {"high", "the upper clip range is finite and not negative", high};
    return {};
  }
};

COHORT_NAMESPACE_END
