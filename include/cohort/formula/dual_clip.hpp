// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/ppo_clip.hpp>

COHORT_NAMESPACE_BEGIN

/// PPO's clipped surrogate with a third bound: what a token of negative advantage may cost has an end.
///
///   value = ppo_clip                             for advantage >= 0
///         = min(ppo_clip, -cap * advantage)      for advantage < 0
///   slope = that of ppo_clip, 0 where the cap is the smaller one
///
/// On the exact edge, ratio = cap, the gradient is the full one.
///
/// Source  Ye et al. 2020 (arXiv 1912.09729), eq. 5.
struct dual_clip {
  double low = 0.2;
  double high = 0.2;
  double cap = 3;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE surrogate_term<V> operator()(V ratio, V advantage) const {
    V const zero(0), one(1);
    auto const x = ppo_clip{low, high}(ratio, advantage);
    // Only a negative advantage costs more than 0, and only beyond the cap; low never decides there, since cap > 1.
    V const most = V(cap) * lane_abs(advantage);
    auto const capped = most < x.value;
    return {lane_select(capped, most, x.value), lane_select(capped, zero, x.slope), x.clipped_low, x.clipped_high,
            lane_select(capped, one, zero)};
  }

  [[nodiscard]] constexpr parameter_fault fault() const {
    if (auto const f = ppo_clip{low, high}.fault(); f.argument) return f;
    if (!(cap > 1 && cap < infinity)) return {"cap", "the cap of a dual clip is finite and above 1", cap};
    return {};
  }
};

COHORT_NAMESPACE_END
