// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The bodies of token_log_prob and its backward: one row is one row of logits.
#pragma once

#include <cohort/core/mask.hpp>
#include <cohort/core/team.hpp>
#include <cohort/gradient/row_report.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// The maximum of a row and sum_v exp((logit[v] - high) / temperature).
struct row_softmax {
  double high;
  double sum;
  /// False for a row without a finite logit, with +inf or with NaN.
  [[nodiscard]] COHORT_HOST_DEVICE bool usable() const {
    return high > -infinity && high < infinity && sum > 0 && sum < infinity;
  }
};

template <class Team, class L>
COHORT_HOST_DEVICE row_softmax softmax_of(Team const& team, line<L const> x, index_t n, double inverse_temperature) {
  double const high =
      team.template reduce<maximum_of>(n, [=]<class At>(At at, index_t c)
                                              COHORT_FLAT { return maximum_of<typename At::type>{load(at, x, c)}; })
          .high;
  double const sum =
      team.template reduce<sum_of>(n,
                                   [=]<class At>(At at, index_t c) COHORT_FLAT {
                                     using V = typename At::type;
                                     return sum_of<V>{lane_exp((load(at, x, c) - V(high)) * V(inverse_temperature))};
                                   })
          .sum;
  return {high, sum};
}

/// What both directions know of their rows.
template <class L, class Space>
struct token_rows {
  row_layout<Space> rows; ///< rows x vocabulary
  cells<L const, Space> logits;
  index_view<Space> token;
  mask_cells<compute_t<L>, Space> mask; ///< one value per row
  double temperature;

  [[nodiscard]] COHORT_HOST_DEVICE bool valid(index_t r) const {
    return load_mask<compute_t<L>>(lane<double, true>{1}, mask.row(rows, r), 0);
  }
  [[nodiscard]] COHORT_HOST_DEVICE bool in_vocabulary(index_t id) const { return id >= 0 && id < rows.width; }
  [[nodiscard]] COHORT_HOST_DEVICE static row_sums report(bool good, index_t r) {
    if (good) return {.rows = 1};
    return {.bad_rows = 1, .first_bad_row = static_cast<double>(r)};
  }
};

template <class L, class Space>
struct token_log_prob_body {
  using compute_type = compute_t<L>;
  static constexpr bool rows_in_lanes = false;

  token_rows<L, Space> in;
  cells<compute_type, Space> log_prob, log_sum_exp;

  template <class Team>
  COHORT_HOST_DEVICE row_sums operator()(Team const& team, index_t r) const {
    if (!in.valid(r)) return write(team, r, 0, 0), row_sums{};
    index_t const n = in.rows.width, id = in.token[r];
    auto const x = team.stage(0, in.logits.row(in.rows, r), n);
    auto const s = softmax_of(team, x, n, 1 / in.temperature);
    bool const good = s.usable() && in.in_vocabulary(id);
    if (!good) return write(team, r, not_a_number, not_a_number), in.report(good, r);
    double const log_sum = lane_log(s.sum), logit = load(lane<double, true>{1}, x, id);
    write(team, r, (logit - s.high) / in.temperature - log_sum, s.high / in.temperature + log_sum);
    return in.report(good, r);
  }

private:
  template <class Team>
  COHORT_HOST_DEVICE void write(Team const& team, index_t r, double chosen, double total) const {
    auto const lp = log_prob.row(in.rows, r), lse = log_sum_exp.row(in.rows, r);
    team.once([=] {
      narrow(lp.p, chosen);
      if (lse.p) narrow(lse.p, total);
    });
  }
};

template <class L, class Space>
struct token_log_prob_backward_body {
  using compute_type = compute_t<L>;
  static constexpr bool rows_in_lanes = false;

  token_rows<L, Space> in;
  cells<compute_type const, Space> log_sum_exp, d_log_prob;
  cells<L, Space> d_logits;

  template <class Team>
  COHORT_HOST_DEVICE row_sums operator()(Team const& team, index_t r) const {
    auto const out = d_logits.row(in.rows, r);
    index_t const n = in.rows.width;
    if (!in.valid(r)) return zero(team, out, n), row_sums{};
    double const seed = static_cast<double>(*d_log_prob.row(in.rows, r).p);
    index_t const id = in.token[r];
    auto const x = in.logits.row(in.rows, r);
    if (seed == 0 && in.in_vocabulary(id)) return zero(team, out, n), in.report(true, r);
    auto const s = normalization(team, x, n, r);
    bool const good = s.usable() && in.in_vocabulary(id) && lane_is_finite(seed);
    bool const written = good && write(team, x, out, s, id, seed);
    if (!written) zero(team, out, n);
    return in.report(written, r);
  }

private:
  /// From the row itself, or from its log-sum-exp: then high / temperature stands for it, and the sum is 1.
  template <class Team>
  COHORT_HOST_DEVICE row_softmax normalization(Team const& team, line<L const> x, index_t n, index_t r) const {
    auto const given = log_sum_exp.row(in.rows, r);
    if (given.p) return {static_cast<double>(*given.p) * in.temperature, 1};
    return softmax_of(team, x, n, 1 / in.temperature);
  }

  template <class Team>
  COHORT_HOST_DEVICE static void zero(Team const& team, line<L> out, index_t n) {
    team.for_each(n, [=]<class At>(At at, index_t c) COHORT_FLAT { store(at, out, c, typename At::type(0)); });
  }

  /// d_logits[v] = seed / temperature * (1[v == token] - p[v]); false where a logit is NaN or +inf, which a log-sum-exp
  /// from elsewhere need not show.
  template <class Team>
  COHORT_HOST_DEVICE bool write(Team const& team, line<L const> x, line<L> out, row_softmax s, index_t id,
                                double seed) const {
    double const inverse = 1 / in.temperature, weight = seed * inverse, share = 1 / s.sum;
    auto const bad = team.template reduce<sum_of>(in.rows.width, [=]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      V const logit = load(at, x, c), zero(0), one(1);
      V const p = lane_exp((logit - V(s.high)) * V(inverse)) * V(share);
      auto const chosen = lane_traits<V>::iota() == V(static_cast<double>(id - c));
      store(at, out, c, (lane_select(chosen, one, zero) - p) * V(weight));
      return sum_of<V>{lane_select(logit < V(infinity), zero, one)};
    });
    return bad.sum == 0;
  }
};

} // namespace detail

COHORT_NAMESPACE_END
