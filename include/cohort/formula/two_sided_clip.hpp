// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/dual_clip.hpp>

COHORT_NAMESPACE_BEGIN

/// PPO's clipped surrogate whose unclipped ratio is held from above as well.
///
///   value = -min(min(ratio, delta) * advantage, clamp(ratio, 1 - low, 1 + high) * advantage)
///   slope = -ratio * advantage, 0 where a bound decides
///
/// Case by case that is a dual clip: a positive advantage ends at min(delta, 1 + high), a negative one at
/// max(delta, 1 + high). On an exact edge the gradient is the full one; a token counts as clipped where its gradient is
/// gone, also for delta < 1 + high.
///
/// Source  Prime Intellect 2025 (INTELLECT-2, arXiv 2505.07291); TRL's `delta`.
struct two_sided_clip {
  double low = 0.2;
  double high = 0.2;
  double delta = 2;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE surrogate_term<V> operator()(V ratio, V advantage) const {
    bool const narrow = delta < 1 + high;
    return dual_clip{low, narrow ? delta - 1 : high, narrow ? 1 + high : delta}(ratio, advantage);
  }

  [[nodiscard]] constexpr parameter_fault fault() const {
    if (auto const f = ppo_clip{low, high}.fault(); f.argument) return f;
    if (!(delta > 1 && delta < infinity))
      return {"delta", "the bound of a ratio from above is finite and above 1", delta};
    return {};
  }
};

COHORT_NAMESPACE_END
