// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The figures of every report under their names, each a count (equal on all contexts), a sum over tokens, or a
/// normalised loss.
#pragma once

#include <cohort/cohort.hpp>

#include <cases/stories/outcome.hpp>

namespace stories {

enum class kind { count, sum, loss };

/// Of the magnitudes of the terms: 8 units each for two contexts.
struct report_budget {
  double roundoff = 0;
  double sum = 0;  ///< about the sum of the magnitudes of what is summed over tokens
  double loss = 0; ///< that of the terms of the normalised loss
  double units = 16;

  [[nodiscard]] budget of(kind what) const {
    if (what == kind::count) return {};
    return {
        .absolute = units * roundoff * (what == kind::sum ? sum : loss), .relative = units * roundoff, .zeros = false};
  }
};

template <class F>
void for_each_figure(cohort::group_sums const& s, F f) {
  f("groups", s.groups, kind::count);
  f("zero_variance", s.zero_variance, kind::count);
  f("singletons", s.singletons, kind::count);
  f("samples", s.samples, kind::count);
  f("excluded", s.excluded, kind::count);
  f("refused", s.refused, kind::count);
  f("first_excluded", s.first_excluded, kind::count);
  f("reward", s.reward, kind::sum);
  f("reward_std", s.reward_std, kind::sum);
}
template <class F>
void for_each_figure(cohort::token_counts const& s, F f) {
  f("tokens", s.tokens, kind::count);
  f("bad_slots", s.bad_slots, kind::count);
  f("first_bad_slot", s.first_bad_slot, kind::count);
  f("bad_bootstraps", s.bad_bootstraps, kind::count);
  f("first_bad_bootstrap", s.first_bad_bootstrap, kind::count);
}
template <class F>
void for_each_figure(cohort::moment_sums const& s, F f) {
  f("count", s.count, kind::count);
  f("mean", s.mean, kind::loss);
  f("square", s.square, kind::sum);
  f("bad_slots", s.bad_slots, kind::count);
  f("first_bad_slot", s.first_bad_slot, kind::count);
}
template <class F>
void for_each_figure(cohort::penalty_sums const& s, F f) {
  f("kl", s.kl, kind::sum);
  f("tokens", s.tokens, kind::count);
  f("bad_slots", s.bad_slots, kind::count);
  f("first_bad_slot", s.first_bad_slot, kind::count);
}
template <class F>
void for_each_figure(cohort::ratio_sums const& s, F f) {
  f("ratio", s.ratio, kind::sum);
  f("ratio_min", s.ratio_min, kind::loss);
  f("ratio_max", s.ratio_max, kind::loss);
  f("negative_log_ratio", s.negative_log_ratio, kind::sum);
  f("tokens", s.tokens, kind::count);
  f("sequences", s.sequences, kind::count);
  f("bad_slots", s.bad_slots, kind::count);
  f("first_bad_slot", s.first_bad_slot, kind::count);
}
template <class F>
void for_each_figure(cohort::value_sums const& s, F f) {
  f("loss", s.loss, kind::loss);
  f("value", s.value, kind::sum);
  f("clipped", s.clipped, kind::count);
  f("tokens", s.tokens, kind::count);
  f("unweighted", s.unweighted, kind::count);
  f("bad_slots", s.bad_slots, kind::count);
  f("first_bad_slot", s.first_bad_slot, kind::count);
  f("returns", s.returns, kind::sum);
  f("returns_squared", s.returns_squared, kind::sum);
  f("error", s.error, kind::sum);
  f("error_squared", s.error_squared, kind::sum);
}
template <class F>
void for_each_figure(cohort::loss_sums const& s, F f) {
  f("loss", s.loss, kind::loss);
  f("kl", s.kl, kind::sum);
  f("negative_log_ratio", s.negative_log_ratio, kind::sum);
  f("ratio", s.ratio, kind::sum);
  f("ratio_min", s.ratio_min, kind::sum);
  f("ratio_max", s.ratio_max, kind::sum);
  f("clipped_low", s.clipped_low, kind::count);
  f("clipped_high", s.clipped_high, kind::count);
  f("clipped_cap", s.clipped_cap, kind::count);
  f("clip_low_shares", s.clip_low_shares, kind::sum);
  f("clip_high_shares", s.clip_high_shares, kind::sum);
  f("clip_low_min", s.clip_low_min, kind::sum);
  f("clip_high_max", s.clip_high_max, kind::sum);
  f("tokens", s.tokens, kind::count);
  f("sequences", s.sequences, kind::count);
  f("unweighted", s.unweighted, kind::count);
  f("bad_slots", s.bad_slots, kind::count);
  f("first_bad_slot", s.first_bad_slot, kind::count);
}
template <class F>
void for_each_figure(cohort::logits_sums const& s, F f) {
  for_each_figure(s.policy, f);
  f("bonus", s.bonus, kind::loss);
  f("rows", s.rows, kind::count);
  f("entropy", s.entropy, kind::sum);
  f("distribution_kl", s.distribution_kl, kind::sum);
  f("skipped", s.skipped, kind::count);
  f("rows_without_gradient", s.rows_without_gradient, kind::count);
}
template <class F>
void for_each_figure(cohort::row_sums const& s, F f) {
  f("rows", s.rows, kind::count);
  f("bad_rows", s.bad_rows, kind::count);
  f("first_bad_row", s.first_bad_row, kind::count);
}
template <class F>
void for_each_figure(cohort::gradient_sums const& s, F f) {
  f("tokens", s.tokens, kind::count);
  f("bad_seeds", s.bad_seeds, kind::count);
  f("first_bad_seed", s.first_bad_seed, kind::count);
  f("bad_scores", s.bad_scores, kind::count);
  f("first_bad_score", s.first_bad_score, kind::count);
}

} // namespace stories
