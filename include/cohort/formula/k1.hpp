// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The KL estimator k1: unbiased, of either sign. With delta = ref_log_prob - log_prob,
///
///   k1 = -delta,   d k1 / d log_prob = 1
///
/// Its derivative is zero in expectation: for metrics and for a penalty inside the reward, not for a loss.
///
/// Source  Schulman, "Approximating KL divergence" (joschu.net/blog/kl-approx.html).
struct k1 {
  double beta;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    return {log_prob - ref_log_prob, V(1)};
  }
  [[nodiscard]] constexpr parameter_fault fault() const { return detail::beta_fault(beta); }
};

COHORT_NAMESPACE_END
