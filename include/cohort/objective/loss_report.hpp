// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a loss reports: sums and counts in the context's memory, and what they say once read.
#pragma once

#include <cohort/core/accumulator.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Sums over the valid tokens of one call. `merge(a, b)` adds micro-batches.
template <class V>
struct basic_loss_sums {
  V loss = V(0);               ///< normalised already: micro-batches add up
  V kl = V(0);                 ///< sum of the KL estimator, without beta
  V negative_log_ratio = V(0); ///< sum of old_log_prob - log_prob over tokens where it is finite
  V ratio = V(0);              ///< sum of the importance ratio
  V ratio_min = V(infinity);   ///< over tokens
  V ratio_max = V(-infinity);  ///< over tokens
  V clipped_low = V(0);        ///< tokens whose gradient the lower bound took away
  V clipped_high = V(0);       ///< tokens whose gradient the upper bound took away
  V clipped_cap = V(0);        ///< tokens of a negative advantage whose gradient a third bound took away
  V clip_low_shares = V(0);    ///< sum over sequences of clipped_low / tokens, as the next of clipped_high
  V clip_high_shares = V(0);
  V clip_low_min = V(infinity);   ///< smallest clipped_low / tokens of a sequence
  V clip_high_max = V(-infinity); ///< largest clipped_high / tokens of a sequence
  V tokens = V(0);                ///< valid tokens, the excluded ones not among them
  V sequences = V(0);             ///< sequences with such a token
  V unweighted = V(0);            ///< tokens met by a normaliser that was not positive and finite
  V bad_slots = V(0);             ///< valid tokens excluded because a value was not finite
  V first_bad_slot = V(infinity); ///< the first of them: row * columns + column, or the packed position

  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    constexpr sum_rule sum{};
    constexpr minimum_rule minimum{};
    constexpr maximum_rule maximum{};
    return basic_loss_sums<field_t<F, sum_rule, decltype(s.loss)...>>{f(sum, s.loss...),
                                                                      f(sum, s.kl...),
                                                                      f(sum, s.negative_log_ratio...),
                                                                      f(sum, s.ratio...),
                                                                      f(minimum, s.ratio_min...),
                                                                      f(maximum, s.ratio_max...),
                                                                      f(sum, s.clipped_low...),
                                                                      f(sum, s.clipped_high...),
                                                                      f(sum, s.clipped_cap...),
                                                                      f(sum, s.clip_low_shares...),
                                                                      f(sum, s.clip_high_shares...),
                                                                      f(minimum, s.clip_low_min...),
                                                                      f(maximum, s.clip_high_max...),
                                                                      f(sum, s.tokens...),
                                                                      f(sum, s.sequences...),
                                                                      f(sum, s.unweighted...),
                                                                      f(sum, s.bad_slots...),
                                                                      f(minimum, s.first_bad_slot...)};
  }
};
using loss_sums = basic_loss_sums<double>;

/// The metrics of a loss. Means are over valid tokens; everything is 0 where there is none.
struct loss_report {
  double loss = 0;
  double kl = 0;                    ///< mean of the KL estimator, without beta
  double approx_kl = 0;             ///< mean of old_log_prob - log_prob: k1 of the old policy against the new one
  double clip_low = 0;              ///< share of tokens clipped at the lower bound (TRL: clip_ratio/low_mean)
  double clip_high = 0;             ///< share of tokens clipped at the upper bound (TRL: clip_ratio/high_mean)
  double clip_cap = 0;              ///< share of tokens clipped at a third bound (verl: actor/pg_clipfrac_lower)
  double clip_low_by_sequence = 0;  ///< mean over sequences of a sequence's share
  double clip_high_by_sequence = 0; ///< (TRL: the clip ratios at sequence level)
  double clip_low_min = 0;          ///< smallest share of a sequence (TRL: clip_ratio/low_min)
  double clip_high_max = 0;         ///< largest share of a sequence (TRL: clip_ratio/high_max)
  double ratio_min = 0;
  double ratio_mean = 0;
  double ratio_max = 0;
  index_t tokens = 0;
  index_t sequences = 0;
  index_t bad_slots = 0;
  index_t first_bad_slot = -1;
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

[[nodiscard]] inline loss_report report_of(loss_sums const& s) {
  if (!(s.tokens > 0)) {
    loss_report none;
    none.bad_slots = static_cast<index_t>(s.bad_slots);
    none.first_bad_slot = detail::place_of(s.bad_slots, s.first_bad_slot);
    return none;
  }
  double const share = 1 / s.tokens;
  return {.loss = s.loss,
          .kl = s.kl * share,
          .approx_kl = s.negative_log_ratio * share,
          .clip_low = s.clipped_low * share,
          .clip_high = s.clipped_high * share,
          .clip_cap = s.clipped_cap * share,
          .clip_low_by_sequence = s.clip_low_shares / s.sequences,
          .clip_high_by_sequence = s.clip_high_shares / s.sequences,
          .clip_low_min = s.clip_low_min,
          .clip_high_max = s.clip_high_max,
          .ratio_min = s.ratio_min,
          .ratio_mean = s.ratio * share,
          .ratio_max = s.ratio_max,
          .tokens = static_cast<index_t>(s.tokens),
          .sequences = static_cast<index_t>(s.sequences),
          .bad_slots = static_cast<index_t>(s.bad_slots),
          .first_bad_slot = detail::place_of(s.bad_slots, s.first_bad_slot)};
}

/// The data errors of a loss: excluded tokens, or a normaliser that was not positive while there were tokens.
[[nodiscard]] inline status check_data(loss_sums const& s) noexcept {
  constexpr char const* report = "policy_loss report";
  if (status const bad = detail::left_out(report, "valid tokens whose values are not finite were excluded", s.bad_slots,
                                          s.first_bad_slot);
      !bad)
    return bad;
  return detail::left_out(report, "the normaliser was not positive and finite although there are valid tokens",
                          s.unweighted, -1, error_code::bad_normalizer);
}

COHORT_NAMESPACE_END
