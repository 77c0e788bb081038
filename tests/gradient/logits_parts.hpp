// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One call beside the three that it stands for.
#pragma once

#include "logits_batch.hpp"

namespace oracle {

inline constexpr cohort::ratio_level every_level[] = {cohort::ratio_level::token, cohort::ratio_level::sequence,
                                                      cohort::ratio_level::sequence_token,
                                                      cohort::ratio_level::sequence_product};
inline cohort::normalizer const every_normalizer[] = {
    cohort::by_tokens(),         cohort::by_tokens(37),           cohort::by_sequences(),
    cohort::by_sequence_means(), cohort::by_sequences().times(3), cohort::by_constant(11)};

/// Largest distance of two gradients in shares of 16 u |seed / T| and a unit of the storage's last place.
template <class L>
double gradient_distance(policy_batch<L> const& b, policy_outcome<L> const& x, policy_outcome<L> const& y,
                         double temperature) {
  double const u = support::unit_roundoff<cohort::compute_t<L>>;
  double const storage = sizeof(L) > 2 ? 0 : std::is_same_v<L, cohort::half> ? 0x1p-10 : 0x1p-7;
  double worst = 0;
  for (std::size_t t = 0; t < b.tokens(); ++t)
    for (index_t v = 0; v < b.shape.vocabulary; ++v) {
      auto const at = t * static_cast<std::size_t>(b.rows.pitch) + static_cast<std::size_t>(v);
      double const p = value(x.d_logits[at]), q = value(y.d_logits[at]);
      double const seed = std::fabs(static_cast<double>(y.d_log_prob[t])) / temperature;
      if (p == q) continue;
      double const share = std::fabs(p - q) / (16 * u * seed + storage * std::fabs(q) + 0x1p-24 * (storage == 0x1p-10));
      worst = share < 1e9 ? std::fmax(worst, share) : 1e9;
    }
  return worst;
}

/// Reports agree: counts and extremes exactly, sums within the order of their terms.
inline void check_reports(cohort::loss_report const& x, cohort::loss_report const& y) {
  CHECK((x.tokens == y.tokens && x.sequences == y.sequences && x.bad_slots == y.bad_slots));
  CHECK(x.first_bad_slot == y.first_bad_slot);
  CHECK((x.ratio_min == y.ratio_min && x.ratio_max == y.ratio_max));
  CHECK((x.clip_low == y.clip_low && x.clip_high == y.clip_high && x.clip_cap == y.clip_cap));
  CHECK((x.clip_low_by_sequence == y.clip_low_by_sequence && x.clip_high_by_sequence == y.clip_high_by_sequence));
  CHECK((x.clip_low_min == y.clip_low_min && x.clip_high_max == y.clip_high_max));
  CHECK((x.loss == approx(y.loss).epsilon(1e-15).margin(1e-16) && x.kl == approx(y.kl).epsilon(1e-15).margin(1e-16)));
  CHECK(x.approx_kl == approx(y.approx_kl).epsilon(1e-15).margin(1e-16));
  CHECK(x.ratio_mean == approx(y.ratio_mean).epsilon(1e-15));
}

/// With score_rows::all, so that every valid row has a log-prob.
template <class Context, class L, class Objective>
void check_parts(Context& context, policy_batch<L> const& b, Objective const& f, policy_call const& call) {
  auto const one = run_policy(context, b, f, call), three = run_parts(context, b, f, call);
  CHECK(support::same_bits(one.log_prob, three.log_prob));
  CHECK(support::same_bits(one.log_sum_exp, three.log_sum_exp));
  if (call.entropy) CHECK(support::same_bits(one.entropy, three.entropy));
  CHECK(support::same_bits(one.d_log_prob, three.d_log_prob));
  CHECK(gradient_distance(b, one, three, call.options.temperature) <= 1);
  auto const accept = cohort::on_data_error::accept;
  auto const report = cohort::read(context, &one.sums, accept);
  check_reports(report.policy, cohort::read(context, &three.sums.policy, accept));
  CHECK((report.loss == report.policy.loss && report.skipped == 0));
  CHECK(one.sums.policy.tokens > 2);
}

} // namespace oracle
