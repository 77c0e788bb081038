// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// The log-prob weighted by a soft function of the importance ratio, meant for the ratio of a whole sequence
/// (ratio_level::sequence_product): the weight is 1 at ratio 1 and fades to 0 on both sides.
///
///   weight = ratio^k * exp(lambda * (1 - ratio))                 (held: no gradient goes through it)
///   value  = -weight * advantage * log_prob
///   slope  = -weight * advantage                                 (d value / d log_prob)
///
/// k and lambda are the positive ones where advantage >= 0. The weight is largest at ratio = k / lambda. A ratio of 0
/// or infinity has weight 0 (for k > 0), so no bound is needed; nothing is ever counted as clipped.
///
/// Source  VESPO 2026 (arXiv 2602.10693).
struct vespo {
  double k_positive = 2;
  double lambda_positive = 3;
  double k_negative = 3;
  double lambda_negative = 2;

  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE surrogate_term<V> operator()(V ratio, V advantage, V log_prob) const {
    V const zero(0), one(1);
    auto const positive = zero <= advantage;
    V const k = lane_select(positive, V(k_positive), V(k_negative));
    V const lambda = lane_select(positive, V(lambda_positive), V(lambda_negative));
    V const growth = lane_select(k == zero, zero, lane_multiply(k, lane_log(ratio)));
    V const fall = lane_multiply(lambda, one - ratio);
    V const exponent = lane_select(fall == V(-infinity), fall, growth + fall);
    auto const x = weighted_log_prob(lane_exp(exponent), advantage, log_prob);
    return {x.value, x.slope, zero, zero};
  }

  [[nodiscard]] constexpr parameter_fault fault() const {
    if (!(k_positive >= 0 && k_positive < infinity)) return {"k_positive", power_rule, k_positive};
    if (!(lambda_positive > 0 && lambda_positive < infinity)) return {"lambda_positive", decay_rule, lambda_positive};
    if (!(k_negative >= 0 && k_negative < infinity)) return {"k_negative", power_rule, k_negative};
    if (!(lambda_negative > 0 && lambda_negative < infinity)) return {"lambda_negative", decay_rule, lambda_negative};
    return {};
  }

private:
  static constexpr char const* power_rule = "the power of a weight is finite and not negative";
  static constexpr char const* decay_rule = "the decay of a weight is finite and positive";
};

COHORT_NAMESPACE_END
