// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// A surrogate whose gradient fades with the distance of the ratio from 1 instead of ending at a bound.
///
///   gate  = sigmoid(tau * (ratio - 1)),   tau = temperature_positive where advantage > 0, temperature_negative elsewhere
///   value = -(4 / tau) * gate * advantage
///   slope = -4 * gate * (1 - gate) * ratio * advantage                      (d value / d log ratio)
///
/// At ratio = 1 the slope is -advantage, that of the unclipped surrogate. An infinite ratio has slope 0; nothing is ever
/// counted as clipped.
///
/// Source  SAPO 2025 (arXiv 2511.20347).
struct sapo {
  double temperature_positive = 1;
  double temperature_negative = 1.05;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE surrogate_term<V> operator()(V ratio, V advantage) const {
    V const zero(0), one(1);
    auto const positive = zero < advantage;
    V const tau = lane_select(positive, V(temperature_positive), V(temperature_negative));
    V const gain = lane_select(positive, V(4 / temperature_positive), V(4 / temperature_negative));
    V const distance = tau * (ratio - one);
    V const e = lane_exp(zero - lane_abs(distance)), share = one / (one + e); // gate and 1 - gate, the larger one
    V const gate = lane_select(distance < zero, e * share, share);
    V const fading = lane_select(e == zero, zero, e * share * share * ratio); // 0 at infinity
    return {zero - gain * gate * advantage, zero - V(4) * fading * advantage, zero, zero};
  }

  [[nodiscard]] constexpr parameter_fault fault() const {
    if (!(temperature_positive > 0 && temperature_positive < infinity))
      return {"temperature_positive", "a temperature is finite and positive", temperature_positive};
    if (!(temperature_negative > 0 && temperature_negative < infinity))
      return {"temperature_negative", "a temperature is finite and positive", temperature_negative};
    return {};
  }
};

COHORT_NAMESPACE_END
