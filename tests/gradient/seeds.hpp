// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// token_log_prob_backward with the seeds of log-prob, entropy and log-sum-exp, and its distance from the closed form in
/// long double.
#pragma once

#include "row_scores.hpp"

namespace oracle {

template <class L>
struct all_seeds {
  numbers<L> log_prob, entropy, log_sum_exp;
};
template <class L>
all_seeds<L> random_seeds(index_t rows, std::uint64_t seed) {
  support::random random(seed);
  auto const n = static_cast<std::size_t>(rows);
  using C = cohort::compute_t<L>;
  return {random.normals<C>(n), random.normals<C>(n), random.normals<C>(n)};
}

template <class Context, class L>
cohort::row_sums run_seeds(Context& context, cohort::view<L const, 2, host_space> logits, batch<L> const& b,
                           all_seeds<L> const& s, cohort::view<L, 2, host_space> out,
                           cohort::token_log_prob_backward_options const& options = {}) {
  cohort::row_sums report;
  cohort::token_log_prob_backward<L>(context,
                                     {.logits = logits,
                                      .token = b.token,
                                      .d_log_prob = s.log_prob,
                                      .d_entropy = s.entropy,
                                      .d_log_sum_exp = s.log_sum_exp},
                                     {.d_logits = out, .report = &report}, options);
  return report;
}
template <class Context, class L>
std::vector<L> gradient_of(Context& context, batch<L> const& b, all_seeds<L> const& s, double temperature = 1) {
  std::vector<L> out(b.logits.size());
  auto const report = run_seeds(context, b.view(), b, s, b.view_of(out), {.temperature = temperature});
  CHECK((report.rows == static_cast<double>(b.rows) && report.bad_rows == 0));
  return out;
}

/// The largest error in shares of 16 u (|seeds| with entropy's times max(1, log V)) / T, plus the storage's rounding; of
/// the elements and of the sum of a row, which no seed of the log-sum-exp has any part in.
template <class L>
double worst_gradient(batch<L> const& b, all_seeds<L> const& s, double temperature, std::vector<L> const& found) {
  using C = cohort::compute_t<L>;
  double const storage = sizeof(L) > 2 ? 0 : 0.51 * (std::is_same_v<L, cohort::half> ? 0x1p-10 : 0x1p-7);
  double const smallest = std::is_same_v<L, cohort::half> ? 0x1p-25 : 0;
  double const u = support::unit_roundoff<C>;
  double worst = 0;
  for (index_t r = 0; r < b.rows; ++r) {
    auto const at = static_cast<std::size_t>(r);
    exact_row const row(b, r, temperature);
    exact_scores const e(b, r, temperature);
    double const size = std::fabs(s.log_prob[at]) + std::fabs(s.log_sum_exp[at]) +
                        std::fabs(s.entropy[at]) * std::fmax(1, std::log(static_cast<double>(b.vocabulary)));
    double const allowed = 16 * u * size / temperature;
    long double sum = -static_cast<long double>(s.log_sum_exp[at]) / temperature, of_storage = 0;
    for (index_t v = 0; v < b.vocabulary; ++v) {
      long double const z = b.logit_at(r, v), p = row.prob(z), chosen = v == b.token[at];
      long double const line = p > 0 ? p * (row.log_prob(z) + e.entropy) : 0;
      long double const exact =
          (s.log_prob[at] * (chosen - p) - s.entropy[at] * line + s.log_sum_exp[at] * p) / temperature;
      long double const x = value(found[static_cast<std::size_t>(r * b.pitch + v)]);
      auto const rounding = storage * std::fabs(exact) + smallest;
      worst = std::fmax(worst, static_cast<double>(std::fabs(x - exact) / (allowed + rounding)));
      if (!(x == x)) return 1e9;
      sum += x, of_storage += rounding;
    }
    worst = std::fmax(worst, static_cast<double>(std::fabs(sum) / (2 * allowed + of_storage)));
  }
  return worst;
}

} // namespace oracle
