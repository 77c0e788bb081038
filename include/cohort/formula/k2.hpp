// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The KL estimator k2: biased, low variance, with the gradient of the reverse KL. For delta = ref_log_prob - log_prob,
///
///   k2 = delta^2 / 2,   d k2 / d log_prob = -delta
///
/// Source  Schulman, "Approximating KL divergence" (joschu.net/blog/kl-approx.html); arXiv 2506.09477 on gradients.
struct k2 {
  double beta;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    V const difference = log_prob - ref_log_prob;
    return {V(0.5) * difference * difference, difference};
  }
  [[nodiscard]] constexpr parameter_fault fault() const { return detail::beta_fault(beta); }
};

COHORT_NAMESPACE_END
