// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The tokens behind rows of logits: which of them are worth a look, their coefficients, and the report. One row of
/// these bodies is one sequence, as in policy_loss, whose formulas they use.
#pragma once

#include <cohort/gradient/logits_report.hpp>
#include <cohort/objective/detail/policy_loss_body.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// What is done with a distribution besides asking it for one log-prob.
struct distribution_terms {
  double entropy = 0;    ///< coefficient of the bonus
  double divergence = 0; ///< beta of the distribution's KL
  normalizer entropy_by; ///< the bonus's denominator
  [[nodiscard]] COHORT_HOST_DEVICE bool any() const { return entropy != 0 || divergence != 0; }
};

/// Everything about the tokens of a call. The rows write the log-probs that `policy` reads. `live` says of each token: 0
/// its row is not looked at, 1 it is, 2 and it has a gradient; `valid` how many valid tokens its sequence has.
template <class T, class Space, class Surrogate, class Kl>
struct policy_tokens {
  policy_loss_body<T, Space, Surrogate, Kl> policy;
  distribution_terms terms;
  bool score_all;
  cells<T, Space> log_prob, log_sum_exp, entropy; ///< of the rows; the last two may be absent
  cells<T, Space> valid;
  cells<std::uint8_t, Space> live;

  /// Where token t of all stands: its sequence, its column there.
  struct place {
    index_t sequence, column;
  };
  [[nodiscard]] COHORT_HOST_DEVICE place place_of(index_t t) const {
    auto const& rows = policy.rows;
    if (rows.rectangle()) return {t / rows.width, t % rows.width};
    index_t low = 0, high = rows.rows; // first(low) <= t < first(high)
    while (high - low > 1) {
      index_t const middle = low + (high - low) / 2;
      (rows.first(middle) <= t ? low : high) = middle;
    }
    return {low, t - rows.first(low)};
  }

  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE X* at(cells<X, Space> const& x, place where) const {
    auto const line = x.row(policy.rows, where.sequence);
    return line.p ? line.p + where.column * line.step : nullptr;
  }

  /// A token without an advantage has no gradient, unless something else has an opinion of it.
  [[nodiscard]] COHORT_HOST_DEVICE bool advantage_decides() const {
    return !score_all && policy.terms.kl.beta == 0 && !terms.any();
  }
  [[nodiscard]] COHORT_HOST_DEVICE mask_cells<T, Space> live_mask() const {
    return {live.data, mask_kind::bytes, live.row_stride, live.column_stride, live.per_row};
  }
};

/// Before any row: live and valid. Rows that are not looked at get a log-prob of 0 where they are masked, and NaN where
/// nobody asked for it.
template <class T, class Space, class Surrogate, class Kl>
struct live_tokens_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  policy_tokens<T, Space, Surrogate, Kl> tokens;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t r) const {
    auto const& p = tokens.policy;
    index_t const n = p.rows.length(r);
    auto const mask = p.mask.row(p.rows, r);
    auto const advantage = p.advantage.row(p.rows, r);
    auto const counts = team.template reduce<sequence_sums>(
        n, large([=]<class At>(At at, index_t c) COHORT_FLAT {
          using V = typename At::type;
          auto const valid = load_mask<T>(at, mask, c);
          V const given = lane_select(valid, load(at, advantage, c), V(0));
          return sequence_sums<V>{lane_select(valid, V(1), V(0)), lane_select(given != V(0), V(1), V(0)), V(0)};
        }));
    bool const each = tokens.advantage_decides() && p.terms.level == ratio_level::token;
    bool const any = !tokens.advantage_decides() || counts.usable > 0;
    auto const live = tokens.live.row(p.rows, r);
    auto const number = tokens.valid.row(p.rows, r), log_prob = tokens.log_prob.row(p.rows, r),
               log_sum_exp = tokens.log_sum_exp.row(p.rows, r), entropy = tokens.entropy.row(p.rows, r);
    team.for_each(n, large([=]<class At>(At at, index_t c) COHORT_FLAT {
                    using V = typename At::type;
                    auto const valid = load_mask<T>(at, mask, c);
                    auto const looked_at =
                        any ? lane_and(valid, each ? load(at, advantage, c) != V(0) : lane_traits<V>::all())
                            : lane_and(valid, lane_not(lane_traits<V>::all()));
                    V const unknown = lane_select(valid, V(not_a_number), V(0));
                    store(at, live, c, lane_select(looked_at, V(1), V(0)));
                    store(at, number, c, V(counts.valid));
                    store(at, log_prob, c, unknown);
                    if (log_sum_exp.p) store(at, log_sum_exp, c, unknown);
                    if (entropy.p) store(at, entropy, c, unknown);
                  }));
    return {};
  }
};

/// Rows that were read, and not again for their gradient: it is 0.
template <class V>
struct seedless_sums {
  V rows = V(0);
  V entropy = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return seedless_sums<field_t<F, sum_rule, decltype(s.rows)...>>{f(sum_rule{}, s.rows...),
                                                                    f(sum_rule{}, s.entropy...)};
  }
};

/// After the rows, or between scoring them and differentiating them: seeds from log-probs, and the report. `rows` is
/// what the rows themselves reported; before there is such a thing, the seed of a bad token is NaN, so that its row has no
/// part in terms of the distribution either.
template <class T, class Space, class Surrogate, class Kl>
struct token_seeds_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  policy_tokens<T, Space, Surrogate, Kl> tokens;
  row_terms const* rows;

  template <class Team>
  COHORT_HOST_DEVICE logits_sums operator()(Team const& team, index_t r) const {
    auto const& p = tokens.policy;
    index_t const n = p.rows.length(r);
    auto row = p.open(r);
    double const valid = n > 0 ? static_cast<double>(*tokens.at(tokens.valid, {r, 0})) : 0;
    row.policies.mask = tokens.live_mask().row(p.rows, r);
    if (!rows) row.excluded = not_a_number;
    logits_sums sums = rows && p.terms.level != ratio_level::token ? seedless(team, r, n) : logits_sums{};
    sums.policy = p.template loss_of<false>(team, r, n, row, valid);
    sums.skipped = valid - sums.policy.tokens - sums.policy.bad_slots;
    return rows && r == 0 ? merge(sums, *rows) : sums;
  }

private:
  /// Of the rows that were scored and then known to have no gradient, what the others reported of themselves.
  template <class Team>
  COHORT_HOST_DEVICE logits_sums seedless(Team const& team, index_t r, index_t n) const {
    logits_sums sums;
    if (tokens.terms.any()) return sums; // all were read again
    auto const& all = tokens.policy.rows;
    auto const live = tokens.live_mask().row(all, r);
    auto const log_prob = tokens.log_prob.row(all, r), seed = tokens.policy.d_log_prob.row(all, r),
               entropy = tokens.entropy.row(all, r);
    auto const found = team.template reduce<seedless_sums>(
        n, large([=]<class At>(At at, index_t c) COHORT_FLAT {
          using V = typename At::type;
          V const x = load(at, log_prob, c), zero(0);
          auto const counts = lane_and(load_mask<T>(at, live, c), lane_and(x == x, load(at, seed, c) == zero));
          V const h = entropy.p ? load(at, entropy, c) : zero;
          return seedless_sums<V>{lane_select(counts, V(1), zero), lane_select(counts, h, zero)};
        }));
    sums.rows_without_gradient = found.rows;
    sums.rows = entropy.p ? found.rows : 0;
    sums.entropy = found.entropy;
    return sums;
  }
};

} // namespace detail

COHORT_NAMESPACE_END
