// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// A KL estimator weighted by the importance ratio, whose gradient counts: unbiased off-policy.
///
///   value       = ratio * kl
///   slope       = ratio * d kl / d log_prob       (the ratio held)
///   ratio_slope = ratio * kl                      (d value / d log ratio)
///   whole       = the sum of both: the derivative of a token with a ratio of its own
///
/// For k3 that is ratio * (log_prob - ref_log_prob), the gradient of the reverse KL. Its two summands grow like
/// exp(delta) and cancel, so the sum is formed without them.
///
/// Source  DeepSeek-AI 2025 (arXiv 2512.02556), TRL's `use_bias_correction_kl`.
template <kl_formula Kl>
struct ratio_corrected {
  double beta;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE penalty_term<V> operator()(V log_prob, V ref_log_prob, V ratio) const {
    Kl const kl{beta};
    auto const x = kl(log_prob, ref_log_prob);
    V const value = ratio * x.value, slope = ratio * x.slope;
    if constexpr (requires { kl.value_plus_slope(log_prob, ref_log_prob); })
      return {value, slope, value, ratio * kl.value_plus_slope(log_prob, ref_log_prob)};
    else
      return {value, slope, value, ratio * (x.value + x.slope)};
  }
  [[nodiscard]] constexpr parameter_fault fault() const { return fault_of(Kl{beta}); }
};

COHORT_NAMESPACE_END
