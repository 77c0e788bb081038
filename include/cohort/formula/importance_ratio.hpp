// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The importance ratio of a token, and its derivative with respect to log_prob.
///
///   ratio = exp(log_prob - old_log_prob),   d ratio / d log_prob = ratio
///
/// Units nats. No clamp: an overflow is the true value, and whoever uses it must look.
struct importance_ratio {
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V log_prob, V old_log_prob) const {
    V const ratio = lane_exp(log_prob - old_log_prob);
    return {ratio, ratio};
  }
};

COHORT_NAMESPACE_END
