// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The KL estimator k3 of GRPO: unbiased and never negative. With delta = ref_log_prob - log_prob,
///
///   k3 = exp(delta) - delta - 1,   d k3 / d log_prob = 1 - exp(delta)
///
/// Both cancel for small delta (in float every digit of k3 is gone at 1e-4), so |delta| < 1 takes
///
///   k3 = delta^2 / 2 * (1 + delta/3 * (1 + delta/4 * (1 + ...))),   d k3 / d log_prob = -(delta + k3)
///
/// with 11 terms in float and 19 in double. No clamp.
///
/// Source  Schulman, "Approximating KL divergence" (joschu.net/blog/kl-approx.html); Shao et al. 2024
/// (arXiv 2402.03300), eq. 4.
struct k3 {
  double beta;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    V const delta = ref_log_prob - log_prob, one(1);
    V const series = V(0.5) * delta * delta * tail(delta), ratio = lane_exp(delta);
    auto const close = lane_abs(delta) < one;
    return {lane_select(close, series, ratio - delta - one), lane_select(close, V(0) - (delta + series), one - ratio)};
  }
  /// -delta, without the cancellation: the derivative of ratio * k3 is ratio times this.
  template <class V>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE V value_plus_slope(V log_prob, V ref_log_prob) const {
    return log_prob - ref_log_prob;
  }
  [[nodiscard]] constexpr parameter_fault fault() const { return detail::beta_fault(beta); }

private:
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE static V tail(V delta) {
    constexpr int terms = sizeof(typename lane_traits<V>::scalar) == 4 ? 11 : 19;
    V const one(1);
    V sum = one;
    for (int k = terms; k > 2; --k) sum = lane_fma(sum, delta * V(1.0 / k), one);
    return sum;
  }
};

COHORT_NAMESPACE_END
