// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The squared error of a critic, which may be clipped to the neighbourhood of its old value:
///
///   held  = clamp(value, old_value - clip, old_value + clip)
///   term  = h * max((value - returns)^2, (held - returns)^2),   h = 1/2 or 1
///   slope = 2 h (value - returns) where the first is the larger or equal one, 0 elsewhere
///
/// The second is the larger one only beyond the range, where `held` does not move. An infinite clip, the default, is the
/// plain squared error and reads no old value.
///
/// Source  Schulman et al. 2017, the PPO of OpenAI Baselines; verl (clip 0.5), TRL (0.2), slime (h = 1).
struct squared_error {
  double clip = infinity;
  bool half = true;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_term<V> operator()(V value, V old_value, V returns) const {
    V const zero(0), range = V(clip), scale = V(half ? 1 : 2);
    V const error = value - returns, held = lane_clamp(value, old_value - range, old_value + range) - returns;
    V const plain = error * error, clipped = held * held;
    auto const worse = plain < clipped;
    return {V(0.5) * scale * lane_select(worse, clipped, plain), lane_select(worse, zero, scale * error),
            lane_select(worse, V(1), zero)};
  }

  /// Whether the old value is read.
  [[nodiscard]] constexpr bool clips() const { return clip < infinity; }

  [[nodiscard]] constexpr parameter_fault fault() const {
    if (!(clip >= 0)) return {"clip", "the clip range of a value is not negative", clip};
    return {};
  }
};

COHORT_NAMESPACE_END
