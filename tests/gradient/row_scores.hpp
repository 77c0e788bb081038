// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Everything that token_log_prob says of rows, and what is exact for them in long double.
#pragma once

#include "oracle.hpp"

#include <support/contexts.hpp>

namespace oracle {

/// All outputs of a call.
template <class L>
struct scores {
  numbers<L> log_prob, log_sum_exp, entropy, sum_of_squares, probability;
  std::vector<std::int64_t> rank;
  cohort::row_sums report{.rows = -1, .bad_rows = -1};

  explicit scores(index_t rows)
      : log_prob(static_cast<std::size_t>(rows), 77), log_sum_exp(log_prob), entropy(log_prob),
        sum_of_squares(log_prob), probability(log_prob), rank(log_prob.size(), 77) {}

  friend bool same(scores const& a, scores const& b) {
    using support::same_bits;
    return same_bits(a.log_prob, b.log_prob) && same_bits(a.log_sum_exp, b.log_sum_exp) &&
           same_bits(a.entropy, b.entropy) && same_bits(a.sum_of_squares, b.sum_of_squares) &&
           same_bits(a.probability, b.probability) && a.rank == b.rank && same_bits(a.report, b.report);
  }
};

template <class L>
struct score_options {
  double temperature = 1;
  cohort::mask_view<cohort::compute_t<L>, host_space> mask{};
  cohort::vocabulary_mask_view<host_space> vocabulary{};
};

template <class Context, class L>
scores<L> run_scores(Context& context, batch<L> const& b, score_options<L> const& o = {}) {
  scores<L> out(b.rows);
  cohort::token_log_prob<L>(context,
                            {.logits = b.view(), .token = b.token, .mask = o.mask, .vocabulary_mask = o.vocabulary},
                            {.log_prob = out.log_prob,
                             .log_sum_exp = out.log_sum_exp,
                             .entropy = out.entropy,
                             .sum_of_squares = out.sum_of_squares,
                             .probability = out.probability,
                             .rank = out.rank,
                             .report = &out.report},
                            {.temperature = o.temperature});
  return out;
}

/// One row by its definitions; classes of probability 0 add nothing to the entropy.
struct exact_scores {
  long double log_prob, log_sum_exp, entropy = 0, sum_of_squares = 0, probability;
  std::int64_t rank = 1;

  template <class L>
  exact_scores(batch<L> const& b, index_t r, double temperature) {
    exact_row const row(b, r, temperature);
    long double const token = b.logit_at(r, b.token[static_cast<std::size_t>(r)]);
    log_prob = row.log_prob(token), log_sum_exp = row.log_sum_exp(), probability = row.prob(token);
    long double moment = 0, squares = 0;
    for (index_t v = 0; v < b.vocabulary; ++v) {
      long double const x = b.logit_at(r, v), d = (x - row.high) / row.temperature, e = std::exp(d);
      if (e > 0) moment += e * d;
      squares += e * e;
      rank += x > token;
    }
    entropy = std::log(row.sum) - moment / row.sum, sum_of_squares = squares / (row.sum * row.sum);
  }
};

/// Measured in shares of what is allowed: log-probs and log-sum-exps 8 u max(1, |x|), entropies 16 u max(1, log V),
/// probabilities and their squares 16 u max(1, |log p|) of themselves; in double 16 throughout, and `in_order` where terms
/// are added one by one.
template <class L>
double worst_score(batch<L> const& b, double temperature, scores<L> const& found, double in_order = 0) {
  using C = cohort::compute_t<L>;
  double const u = support::unit_roundoff<C>, times = sizeof(C) == 4 ? 8 : 16;
  if (sizeof(C) == 4) in_order = 0;
  double worst = 0;
  auto const compare = [&](C x, long double exact, double allowed) {
    auto const share = static_cast<double>(std::fabs(static_cast<long double>(x) - exact)) / (u * allowed);
    if (exact == x) return;
    worst = share < 1e9 ? std::fmax(worst, share) : 1e9; // NaN too
  };
  auto const size = [](long double x) { return std::fmax(1, static_cast<double>(std::fabs(x))); };
  for (index_t r = 0; r < b.rows; ++r) {
    auto const at = static_cast<std::size_t>(r);
    exact_scores const e(b, r, temperature);
    double const smallest = 2 * static_cast<double>(std::numeric_limits<C>::min()) / u;
    compare(found.log_prob[at], e.log_prob, (times + in_order) * size(e.log_prob));
    compare(found.log_sum_exp[at], e.log_sum_exp, (times + in_order) * size(e.log_sum_exp));
    compare(found.entropy[at], e.entropy, (16 + in_order) * size(std::log(static_cast<long double>(b.vocabulary))));
    compare(found.sum_of_squares[at], e.sum_of_squares,
            (16 + in_order) * static_cast<double>(e.sum_of_squares) * size(e.log_prob) + smallest);
    compare(found.probability[at], e.probability,
            (16 + in_order) * static_cast<double>(e.probability) * size(e.log_prob) + smallest);
    if (found.rank[at] != e.rank) worst = 1e9;
  }
  return worst;
}

template <class L>
void check_scores(engines::any_context const& context, batch<L> const& b, double temperature, scores<L> const& found) {
  CAPTURE(b.rows, b.vocabulary, temperature);
  double const in_order = context.adds_in_order() ? static_cast<double>(b.vocabulary) / 16 : 0;
  CHECK(worst_score(b, temperature, found, in_order) <= 1);
  CHECK((found.report.rows == static_cast<double>(b.rows) && found.report.bad_rows == 0));
}

} // namespace oracle
