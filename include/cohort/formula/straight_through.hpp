// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/k2.hpp>

COHORT_NAMESPACE_BEGIN

/// The value of one KL estimator with the slope of k2, whose expectation is the gradient of the reverse KL:
///
///   value = Kl,   slope = log_prob - ref_log_prob
///
/// Source  verl's k1+ and k3+ (k3+ is straight_through<clamped_kl<k3>>); arXiv 2506.09477 on the gradients.
template <kl_formula Kl>
struct straight_through {
  double beta;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    return {Kl{beta}(log_prob, ref_log_prob).value, k2{beta}(log_prob, ref_log_prob).slope};
  }
  [[nodiscard]] constexpr parameter_fault fault() const { return fault_of(Kl{beta}); }
};

COHORT_NAMESPACE_END
