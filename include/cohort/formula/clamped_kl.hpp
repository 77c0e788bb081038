// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// A KL estimator whose value is held within +-limit. Strictly beyond, the slope is 0: a token that is far from the
/// reference is not drawn back to it.
///
/// Source  verl, SkyRL, NeMo-RL, ms-swift: k3 at 10 (their clamp of delta to +-20 cannot be seen behind it); OpenRLHF,
///         AReaL: k1, k2 and k3 at 10.
template <kl_formula Kl>
struct clamped_kl {
  double beta;
  double limit = 10;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    auto const x = Kl{beta}(log_prob, ref_log_prob);
    V const zero(0), most = V(limit);
    auto const beyond = most < lane_abs(x.value);
    V const bound = lane_select(x.value < zero, zero - most, most);
    return {lane_select(beyond, bound, x.value), lane_select(beyond, zero, x.slope)};
  }
  [[nodiscard]] constexpr parameter_fault fault() const {
    if (auto const f = fault_of(Kl{beta}); f.argument) return f;
    if (!(limit > 0)) return {"limit", "the limit of a KL estimator is positive", limit};
    return {};
  }
};

COHORT_NAMESPACE_END
