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
///   k3 = delta^2 * p(delta),   d k3 / d log_prob = -(delta + k3)
///
/// with the polynomial p of the smallest relative error there: of degree 7 in float (4.3e-9) and 14 in double (3.4e-19).
/// No clamp.
///
/// Source  Schulman, "Approximating KL divergence" (joschu.net/blog/kl-approx.html); Shao et al. 2024
/// (arXiv 2402.03300), eq. 4.
struct k3 {
  double beta;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    V const delta = ref_log_prob - log_prob, one(1);
    V const series = delta * delta * quotient(delta), ratio = lane_exp(delta);
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
  /// k3 / delta^2, the coefficients from the highest power down.
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE static V quotient(V delta) {
    if constexpr (sizeof(typename lane_traits<V>::scalar) == 4)
      return horner(delta, 2.7722830047544448e-6, 2.5354823135305861e-5, 1.9844023629577894e-4, 1.3885452078263821e-3,
                    8.3333102755911293e-3, 4.1666734537504817e-2, 1.6666667010065421e-1, 0.5);
    else
      return horner(delta, 4.7989140620096015e-14, 7.7528639904848528e-13, 1.1471238817336392e-11,
                    1.6057462338990498e-10, 2.0876744852688744e-9, 2.5052120412104535e-8, 2.7557319324753428e-7,
                    2.7557319175083675e-6, 2.4801587301197645e-5, 1.9841269841371738e-4, 1.3888888888889578e-3,
                    8.3333333333332399e-3, 4.1666666666666662e-2, 1.6666666666666667e-1, 0.5);
  }
  template <class V, class... Lower>
  COHORT_HOST_DEVICE COHORT_INLINE static V horner(V x, double highest, Lower... lower) {
    V sum = V(highest);
    ((sum = lane_fma(sum, x, V(lower))), ...);
    return sum;
  }
};

COHORT_NAMESPACE_END
