// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The bodies of token_log_prob and its backward: one row is one row of logits.
#pragma once

#include <cohort/core/mask.hpp>
#include <cohort/gradient/detail/row_gradient.hpp>
#include <cohort/gradient/row_report.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// What both directions know of their rows.
template <class L, class Space>
struct token_rows {
  row_layout<Space> rows; ///< rows x vocabulary
  cells<L const, Space> logits;
  index_view<Space> token;
  mask_cells<compute_t<L>, Space> mask; ///< one value per row
  vocabulary_mask_view<Space> vocabulary;
  double temperature;

  [[nodiscard]] COHORT_HOST_DEVICE bool valid(index_t r) const {
    return load_mask<compute_t<L>>(lane<double, true>{1}, mask.row(rows, r), 0);
  }
  [[nodiscard]] COHORT_HOST_DEVICE index_t classes() const { return rows.width; }
  [[nodiscard]] COHORT_HOST_DEVICE bool in_vocabulary(index_t id) const { return id >= 0 && id < rows.width; }
  template <bool Masked>
  [[nodiscard]] COHORT_HOST_DEVICE logit_row<L, Masked> row(index_t r) const {
    if constexpr (Masked)
      return {logits.row(rows, r).p, vocabulary.row(r)};
    else
      return {logits.row(rows, r).p};
  }
  [[nodiscard]] COHORT_HOST_DEVICE static row_sums report(bool good, index_t r) {
    if (good) return {.rows = 1};
    return {.bad_rows = 1, .first_bad_row = static_cast<double>(r)};
  }
};

/// #{logit > the token's} + 1.
template <class Team, class Row>
COHORT_HOST_DEVICE index_t rank_of(Team const& team, Row row, index_t n, double logit) {
  auto const larger = team.template reduce<sum_of>(n, [=]<class At>(At at, index_t c) COHORT_FLAT {
    using V = typename At::type;
    return sum_of<V>{lane_select(V(logit) < row(at, c), V(1), V(0))};
  });
  return 1 + static_cast<index_t>(larger.sum);
}

/// What a row says.
struct row_values {
  double log_prob = 0, log_sum_exp = 0, entropy = 0, sum_of_squares = 0, probability = 0;
  index_t rank = 0;
};

/// What a row is asked for; cells that are not given are not written.
template <class T, class Space>
struct row_outputs {
  cells<T, Space> log_prob, log_sum_exp, entropy, sum_of_squares, probability;
  cells<std::int64_t, Space> rank;

  [[nodiscard]] COHORT_HOST_DEVICE softmax_moments moments() const {
    return sum_of_squares.given() ? softmax_moments::squares
           : entropy.given()      ? softmax_moments::entropy
                                  : softmax_moments::none;
  }
  COHORT_HOST_DEVICE void write(row_layout<Space> const& rows, index_t r, row_values const& x) const {
    put(rows, log_prob, r, x.log_prob);
    put(rows, log_sum_exp, r, x.log_sum_exp);
    put(rows, entropy, r, x.entropy);
    put(rows, sum_of_squares, r, x.sum_of_squares);
    put(rows, probability, r, x.probability);
    put(rows, rank, r, x.rank);
  }

private:
  template <class X, class Value>
  COHORT_HOST_DEVICE static void put(row_layout<Space> const& rows, cells<X, Space> const& to, index_t r, Value value) {
    if (to.given()) narrow(to.row(rows, r).p, value);
  }
};

template <class L, class Space>
struct token_log_prob_body {
  using compute_type = compute_t<L>;
  using staged_type = L;
  static constexpr bool rows_in_lanes = false;
  static constexpr bool stages_out = false;

  token_rows<L, Space> in;
  row_outputs<compute_type, Space> out;

  template <class Team>
  COHORT_HOST_DEVICE row_sums operator()(Team const& team, index_t r) const {
    if (!in.valid(r)) return write(team, r, {}), row_sums{};
    if (in.vocabulary.given()) return score<softmax_moments::squares>(team, in.template row<true>(r), r);
    auto const row = in.template row<false>(r);
    switch (out.moments()) {
    case softmax_moments::squares:
      return score<softmax_moments::squares>(team, row, r);
    case softmax_moments::entropy:
      return score<softmax_moments::entropy>(team, row, r);
    default:
      return score<softmax_moments::none>(team, row, r);
    }
  }

private:
  template <softmax_moments Moments, class Team, class Row>
  COHORT_HOST_DEVICE row_sums score(Team const& team, Row opened, index_t r) const {
    index_t const id = in.token[r];
    bool const known = opened.has(id, in.classes());
    double const logit = known ? opened.at(id) : not_a_number;
    auto const row = staged(team, opened, in.classes());
    auto const s = softmax_of<Moments>(team, row, no_stash{}, in.classes(), 1 / in.temperature);
    bool const good = s.usable() && known;
    constexpr double none = not_a_number;
    if (!good) return write(team, r, {none, none, none, none, none, -1}), in.report(false, r);
    double const log_prob = s.log_prob(logit);
    index_t const rank = out.rank.given() ? rank_of(team, row, in.classes(), logit) : 0;
    write(team, r, {log_prob, s.log_sum_exp(), s.entropy(), s.sum_of_squares(), lane_exp(log_prob), rank});
    return in.report(true, r);
  }
  template <class Team>
  COHORT_HOST_DEVICE void write(Team const& team, index_t r, row_values const& x) const {
    auto const to = out;
    auto const rows = in.rows;
    team.once([=] { to.write(rows, r, x); });
  }
};

template <class L, class Space>
struct token_log_prob_backward_body {
  using compute_type = compute_t<L>;
  using staged_type = L;
  static constexpr bool rows_in_lanes = false;
  static constexpr bool stages_out = true;

  token_rows<L, Space> in;
  cells<compute_type const, Space> log_sum_exp, d_log_prob, d_entropy, d_log_sum_exp;
  cells<L, Space> d_logits;
  bool accumulate;

  template <class Team>
  COHORT_HOST_DEVICE row_sums operator()(Team const& team, index_t r) const {
    if (!in.valid(r)) return clear(team, r), row_sums{};
    row_seeds const seed{read(d_log_prob, r), read(d_log_sum_exp, r), read(d_entropy, r)};
    index_t const id = in.token[r];
    bool const written = seed.none()             ? in.in_vocabulary(id) && (clear(team, r), true)
                         : in.vocabulary.given() ? write(team, in.template row<true>(r), r, id, seed)
                                                 : write(team, in.template row<false>(r), r, id, seed);
    if (!written) clear(team, r);
    return in.report(written, r);
  }

private:
  [[nodiscard]] COHORT_HOST_DEVICE double read(cells<compute_type const, Space> const& from, index_t r) const {
    return from.given() ? static_cast<double>(*from.row(in.rows, r).p) : 0;
  }
  template <class Team>
  COHORT_HOST_DEVICE void clear(Team const& team, index_t r) const {
    if (!accumulate) clear_row(team, d_logits.row(in.rows, r).p, in.classes());
  }

  /// False, with what is written to be overwritten, where the row has no gradient. A line that is added to is read as
  /// well, and not staged.
  template <class Team, class Row>
  COHORT_HOST_DEVICE bool write(Team const& team, Row opened, index_t r, index_t id, row_seeds const& seed) const {
    if (!opened.has(id, in.classes()) || !seed.finite()) return false;
    double const logit = opened.at(id);
    auto const place = d_logits.row(in.rows, r);
    if (accumulate) return write_row(team, opened, place.p, r, id, logit, seed);
    auto const row = staged(team, opened, in.classes());
    auto const out = team.stage_out(1, place, in.classes());
    bool const written = write_row(team, row, out.p, r, id, logit, seed);
    if (written) team.commit(out, place, in.classes());
    return written;
  }

  /// What is added to is not touched where this is false: such a row is normalised anew.
  template <class Team, class Row>
  COHORT_HOST_DEVICE bool write_row(Team const& team, Row row, L* out, index_t r, index_t id, double logit,
                                    row_seeds const& seed) const {
    double const inverse = 1 / in.temperature;
    bool const plain = seed.log_prob_alone() && !accumulate;
    auto const s = plain ? normalization(team, row, r, inverse)
                         : softmax_of<softmax_moments::entropy>(team, row, no_stash{}, in.classes(), inverse);
    if (!s.usable()) return false;
    if (plain) {
      double const weight = seed.log_prob * inverse;
      bool const finite = write_softmax(team, row, out, in.classes(), s, weight);
      write_token(team, out, id, weight, s.log_prob(logit));
      return finite;
    }
    write_line(team, row, no_row{}, out, in.classes(), s, {.sum = 1}, {seed, s.entropy(), 0, inverse}, id, accumulate);
    return true;
  }

  /// From the row itself, or from its log-sum-exp: then high / temperature stands for it, and the sum is 1.
  template <class Team, class Row>
  COHORT_HOST_DEVICE row_softmax normalization(Team const& team, Row row, index_t r, double inverse) const {
    if (log_sum_exp.given())
      return {.high = read(log_sum_exp, r) * in.temperature, .sum = 1, .inverse_temperature = inverse};
    return softmax_of<softmax_moments::none>(team, row, no_stash{}, in.classes(), inverse);
  }
};

} // namespace detail

COHORT_NAMESPACE_END
