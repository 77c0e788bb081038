// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// From the tokens of one sequence to the report of a loss.
#pragma once

#include <cohort/objective/loss_report.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// What the tokens of one sequence add to the report.
template <class V>
struct token_sums {
  V loss = V(0), kl = V(0), negative_log_ratio = V(0), ratio = V(0);
  V ratio_min = V(infinity), ratio_max = V(-infinity);
  V clipped_low = V(0), clipped_high = V(0), clipped_cap = V(0), tokens = V(0), bad_slots = V(0);
  wide<V> first_bad_slot = wide<V>(infinity);

  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    constexpr sum_rule sum{};
    return token_sums<field_t<F, sum_rule, decltype(s.loss)...>>{f(sum, s.loss...),
                                                                 f(sum, s.kl...),
                                                                 f(sum, s.negative_log_ratio...),
                                                                 f(sum, s.ratio...),
                                                                 f(minimum_rule{}, s.ratio_min...),
                                                                 f(maximum_rule{}, s.ratio_max...),
                                                                 f(sum, s.clipped_low...),
                                                                 f(sum, s.clipped_high...),
                                                                 f(sum, s.clipped_cap...),
                                                                 f(sum, s.tokens...),
                                                                 f(sum, s.bad_slots...),
                                                                 f(minimum_rule{}, s.first_bad_slot...)};
  }
};

/// The sums of one sequence as a report of one sequence.
COHORT_HOST_DEVICE inline loss_sums sequence_report(token_sums<double> const& s, bool weighted) {
  loss_sums row{.loss = s.loss,
                .kl = s.kl,
                .negative_log_ratio = s.negative_log_ratio,
                .ratio = s.ratio,
                .ratio_min = s.ratio_min,
                .ratio_max = s.ratio_max,
                .clipped_low = s.clipped_low,
                .clipped_high = s.clipped_high,
                .clipped_cap = s.clipped_cap,
                .tokens = s.tokens,
                .bad_slots = s.bad_slots,
                .first_bad_slot = s.first_bad_slot};
  if (!(s.tokens > 0)) return row;
  row.sequences = 1;
  row.clip_low_min = row.clip_low_shares = s.clipped_low / s.tokens;
  row.clip_high_max = row.clip_high_shares = s.clipped_high / s.tokens;
  if (!weighted) row.unweighted = s.tokens;
  return row;
}

} // namespace detail

COHORT_NAMESPACE_END
