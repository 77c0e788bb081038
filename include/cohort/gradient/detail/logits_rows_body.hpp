// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The rows of logits_policy_gradient: from logits to log-prob, coefficient and gradient while a row stays in cache.
#pragma once

#include <cohort/gradient/detail/policy_tokens.hpp>
#include <cohort/gradient/detail/token_log_prob_body.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// score: log-probs only. fused: everything, for coefficients that depend on the row alone. seeded: the coefficients
/// are there, of ratios that belong to sequences.
enum class rows_phase : int { score, fused, seeded };

/// What a row knows once it is normalised.
struct scored_row {
  row_softmax policy{};
  row_softmax reference{};
  double log_prob = not_a_number;
  double divergence = 0;
  [[nodiscard]] COHORT_HOST_DEVICE bool good() const { return log_prob == log_prob; }
};

template <class L, class Space, class Surrogate, class Kl>
struct logits_rows_body {
  using T = compute_t<L>;
  using compute_type = T;
  using staged_type = L;
  static constexpr bool rows_in_lanes = false;
  static constexpr bool stages_out = true;

  row_layout<Space> rows; ///< rows at hand x columns
  index_t classes;        ///< of the columns; the others are padding
  cells<L const, Space> logits, ref_logits;
  cells<L, Space> d_logits;
  index_view<Space> token;                ///< of all tokens
  vocabulary_mask_view<Space> vocabulary; ///< of all tokens
  index_t const* token_of_row;            ///< null: row i is token i
  double temperature;
  rows_phase phase;
  bool write_zeros;
  policy_tokens<T, Space, Surrogate, Kl> tokens;

  /// Which of them, the same for all rows of a call.
  [[nodiscard]] COHORT_HOST_DEVICE row_pass pass_of_call() const {
    if (vocabulary.given()) return row_pass::masked;
    return tokens.terms.any() || tokens.entropy.given() ? row_pass::whole : row_pass::plain;
  }
  template <row_pass Pass, class Team>
  COHORT_HOST_DEVICE row_terms row(Team const& team, index_t i) const {
    index_t const t = token_of_row ? token_of_row[i] : i;
    auto const at = tokens.place_of(t);
    if (!looked_at(at)) return clear(team, i), row_terms{};
    if constexpr (Pass == row_pass::masked)
      return pass<Pass>(team, logit_row<L, true>{logit_line(i), vocabulary.row(t)}, i, t, at);
    else
      return pass<Pass>(team, logit_row<L, false>{logit_line(i)}, i, t, at);
  }

private:
  using place = typename policy_tokens<T, Space, Surrogate, Kl>::place;

  [[nodiscard]] COHORT_HOST_DEVICE L const* logit_line(index_t i) const { return logits.row(rows, i).p; }
  [[nodiscard]] COHORT_HOST_DEVICE bool looked_at(place at) const {
    if (*tokens.at(tokens.live, at) == 0) return false;
    return phase != rows_phase::seeded || tokens.terms.any() || *tokens.at(tokens.policy.d_log_prob, at) != 0;
  }
  template <class Team>
  COHORT_HOST_DEVICE void clear(Team const& team, index_t i) const {
    if (write_zeros && phase != rows_phase::score) clear_row(team, d_logits.row(rows, i).p, rows.width);
  }

  template <row_pass Pass, class Team, class Row>
  COHORT_HOST_DEVICE row_terms pass(Team const& team, Row opened, index_t i, index_t t, place at) const {
    constexpr bool plain = Pass == row_pass::plain, stashed = plain && sizeof(L) == sizeof(T);
    index_t const id = token[t];
    double const logit = opened.has(id, classes) ? opened.at(id) : not_a_number; // before anything takes its place
    auto const row = staged(team, opened, rows.width);
    line<L> const gradient = phase == rows_phase::score ? line<L>{} : d_logits.row(rows, i);
    line<L> const out = phase == rows_phase::score ? gradient : team.stage_out(1, gradient, rows.width);
    double shifts[Team::max_chunks];
    stash_in<L> const stash{out.p, shifts};
    constexpr auto moments = plain ? softmax_moments::none : softmax_moments::entropy;
    scored_row s{.policy = normalised<moments, stashed>(team, row, stash)};
    if (s.policy.usable()) s.log_prob = s.policy.log_prob(logit);
    if constexpr (!plain)
      if (s.good()) compare(team, row, i, s);
    write_scores(team, at, s);
    row_terms sums = scores_of<moments>(s);
    if (phase == rows_phase::score) return sums;
    row_seeds const seed = s.good() ? seeds_of(team, at, s, sums) : row_seeds{};
    if (seed.none() || !seed.finite()) {
      clear(team, i);
      sums.rows_without_gradient = s.good() ? 1 : 0;
      return sums;
    }
    if (plain || seed.log_prob_alone())
      write_plain<stashed>(team, row, stash, id, s, seed.log_prob / temperature);
    else if constexpr (!plain)
      write_whole(team, row, stash.out, i, id, s, seed);
    finish(team, out, gradient, at);
    return sums;
  }

  /// The exponentials take the gradient's place where there is to be one, and it has room for them.
  template <softmax_moments Moments, bool Stashed, class Team, class Row>
  COHORT_HOST_DEVICE row_softmax normalised(Team const& team, Row row, stash_in<L> stash) const {
    if constexpr (Stashed)
      if (phase != rows_phase::score) return softmax_of<Moments>(team, row, stash, classes, 1 / temperature);
    return softmax_of<Moments>(team, row, no_stash{}, classes, 1 / temperature);
  }
  template <bool Stashed, class Team, class Row>
  COHORT_HOST_DEVICE void write_plain(Team const& team, Row row, stash_in<L> stash, index_t id, scored_row const& s,
                                      double weight) const {
    if constexpr (Stashed)
      scale_stash(team, stash, classes, s.policy, weight);
    else
      write_softmax(team, row, stash.out, classes, s.policy, weight);
    write_token(team, stash.out, id, weight, s.log_prob);
  }

  [[nodiscard]] COHORT_HOST_DEVICE bool compares() const { return tokens.terms.divergence != 0; }

  /// The reference's row like the policy's own.
  template <bool Masked>
  [[nodiscard]] COHORT_HOST_DEVICE logit_row<L, Masked> reference(logit_row<L, Masked> const& row, index_t i) const {
    return {ref_logits.row(rows, i).p, row.allowed};
  }
  template <class Team, class Row>
  COHORT_HOST_DEVICE void compare(Team const& team, Row row, index_t i, scored_row& s) const {
    if (!compares()) return;
    auto const q = reference(row, i);
    s.reference = softmax_of<softmax_moments::none>(team, q, no_stash{}, classes, 1 / temperature);
    s.divergence = s.reference.usable() ? divergence_of(team, row, q, classes, s.policy, s.reference) : not_a_number;
    if (!lane_is_finite(s.divergence)) s.log_prob = not_a_number, s.divergence = 0;
  }

  template <class Team>
  COHORT_HOST_DEVICE void write_scores(Team const& team, place at, scored_row const& s) const {
    auto* const log_prob = tokens.at(tokens.log_prob, at);
    auto* const log_sum_exp = tokens.at(tokens.log_sum_exp, at);
    auto* const entropy = tokens.at(tokens.entropy, at);
    team.once([=] {
      narrow(log_prob, s.log_prob);
      if (log_sum_exp) narrow(log_sum_exp, s.good() ? s.policy.log_sum_exp() : not_a_number);
      if (entropy) narrow(entropy, s.good() ? s.policy.entropy() : not_a_number);
    });
  }

  /// What the row adds to the report; a second look at a scored row adds nothing.
  template <softmax_moments Moments>
  COHORT_HOST_DEVICE row_terms scores_of(scored_row const& s) const {
    row_terms sums;
    if (!s.good() || phase == rows_phase::score || Moments == softmax_moments::none) return sums;
    sums.rows = 1;
    sums.entropy = s.policy.entropy();
    sums.distribution_kl = s.divergence;
    return sums;
  }

  /// The seeds of a row that has a log-prob; the token's own by the very code of policy_loss, over one token.
  template <class Team>
  COHORT_HOST_DEVICE row_seeds seeds_of(Team const& team, place at, scored_row const& s, row_terms& sums) const {
    auto const& policy = tokens.policy;
    if (phase == rows_phase::fused) {
      auto row = policy.open(at.sequence);
      row.weight = token_weight<T>(policy.normalizer, static_cast<double>(*tokens.at(tokens.valid, at)));
      auto const bad = team.template reduce<sum_of_few>(
          1, large([row, at]<class At>(At one, index_t) COHORT_FLAT {
            using V = typename At::type;
            return sum_of_few<V>{row.loss_apart(lane<V, true>{one.count}, at.column).bad_slots};
          }));
      if (bad.sum > 0) return {};
    }
    row_seeds seed{.log_prob = static_cast<double>(*tokens.at(policy.d_log_prob, at))};
    if (tokens.terms.any() && seed.finite()) add_distribution_seeds(at, s, seed, sums);
    return seed;
  }
  COHORT_HOST_DEVICE void add_distribution_seeds(place at, scored_row const& s, row_seeds& seed,
                                                 row_terms& sums) const {
    double const valid = static_cast<double>(*tokens.at(tokens.valid, at));
    seed.entropy = -tokens.terms.entropy * token_weight<T>(tokens.terms.entropy_by, valid);
    seed.divergence = tokens.terms.divergence * token_weight<T>(tokens.policy.normalizer, valid);
    sums.bonus = seed.entropy * s.policy.entropy() + seed.divergence * s.divergence;
  }

  template <class Team, class Row>
  COHORT_HOST_DEVICE void write_whole(Team const& team, Row row, L* out, index_t i, index_t id, scored_row const& s,
                                      row_seeds const& seed) const {
    row_line const line{seed, s.policy.entropy(), s.divergence, 1 / temperature};
    if (compares())
      write_line(team, row, reference(row, i), out, classes, s.policy, s.reference, line, id, false);
    else
      write_line(team, row, no_row{}, out, classes, s.policy, {.sum = 1}, line, id, false);
  }

  /// Padding is zero, the row is in its place and on the list.
  template <class Team>
  COHORT_HOST_DEVICE void finish(Team const& team, line<L> const& out, line<L> const& gradient, place at) const {
    clear_padding(team, out.p, gradient, classes, rows.width);
    team.commit(out, gradient, rows.width);
    auto* const live = tokens.at(tokens.live, at);
    team.once([=] { *live = 2; });
  }
};

} // namespace detail

COHORT_NAMESPACE_END
