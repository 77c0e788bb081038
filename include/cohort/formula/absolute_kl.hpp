// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The distance of two log-probs, no estimator of a KL divergence but used as one:
///
///   value = |log_prob - ref_log_prob|,   d value / d log_prob = sign(log_prob - ref_log_prob), 0 at 0
///
/// Source  verl's and SkyRL's `abs`.
struct absolute_kl {
  double beta;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    V const difference = log_prob - ref_log_prob, zero(0);
    return {lane_abs(difference), lane_select(zero < difference, V(1), lane_select(difference < zero, V(-1), zero))};
  }
  [[nodiscard]] constexpr parameter_fault fault() const { return detail::beta_fault(beta); }
};

COHORT_NAMESPACE_END
