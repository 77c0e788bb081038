// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The body of policy_loss: one row is one sequence, looked at once, or twice while it is in cache.
#pragma once

#include <cohort/formula/no_kl.hpp>
#include <cohort/objective/detail/batch_count.hpp>
#include <cohort/objective/detail/token_ratio.hpp>
#include <cohort/objective/detail/token_sums.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// What a policy loss is made of: formulas and conventions, the same for every row.
template <class Surrogate, class Kl>
struct loss_terms {
  Surrogate surrogate;
  Kl kl;
  ratio_level level;
  log_ratio_bounds bounds;

  /// A surrogate of either kind as a function of ratio and advantage.
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE decltype(auto) surrogate_at([[maybe_unused]] V log_prob) const {
    if constexpr (surrogate_formula<Surrogate>)
      return (surrogate);
    else
      return [this, log_prob](V ratio, V advantage) COHORT_FLAT { return surrogate(ratio, advantage, log_prob); };
  }
  /// A penalty of either kind, without beta.
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE penalty_term<V> penalty(V log_prob, V ref_log_prob, V ratio) const {
    if constexpr (ratio_kl_formula<Kl>) {
      return kl(log_prob, ref_log_prob, ratio);
    } else {
      auto const term = kl(log_prob, ref_log_prob);
      return {term.value, term.slope, V(0), term.slope};
    }
  }
  /// Whether a token's own gradient is all there is to know.
  [[nodiscard]] COHORT_HOST_DEVICE constexpr bool own_slopes() const {
    if constexpr (!surrogate_formula<Surrogate> && !ratio_kl_formula<Kl>) return true;
    return level == ratio_level::token || level == ratio_level::sequence_token;
  }
};

/// One sequence, opened. What does not depend on the lane is a double.
template <class T, class Space, class Surrogate, class Kl>
struct policy_row {
  token_pairs<T> policies;
  line<T const> ref_log_prob, correction;
  line<T const> advantage;
  line<T> d_log_prob;
  loss_terms<Surrogate, Kl> terms;
  double weight = 0;
  double sequence_log_ratio = 0; ///< sequence levels only, as the next
  double sequence_slope = 0;
  double excluded = 0; ///< the seed of a token that is masked or bad

  /// Whether all lines are runs, the advantage perhaps one value.
  [[nodiscard]] COHORT_HOST_DEVICE bool runs() const {
    return policies.runs() && is_run(ref_log_prob) && is_run(correction) && is_run_or_value(advantage) &&
           is_run(d_log_prob);
  }

  /// f(policies, ratio, surrogate, slope, penalty) for some tokens, the surrogate weighted by its correction: handed on
  /// one by one, because g++ keeps a struct of packs in memory.
  template <class L, class F>
  COHORT_HOST_DEVICE COHORT_INLINE auto with_terms(L at, index_t c, F f) const {
    using V = typename L::type;
    auto const x = policies.read(at, c);
    auto const given = [&](auto const& from) COHORT_FLAT { return lane_select(x.valid, load(at, from, c), V(0)); };
    auto const q = ratio_rule{terms.level, terms.bounds}(x.log_ratio, sequence_log_ratio);
    auto s = terms.surrogate_at(x.log_prob)(q.ratio, lane_select(x.valid, load_or_value(at, advantage, c), V(0)));
    if constexpr (surrogate_formula<Surrogate>)
      if (terms.bounds.given()) s.slope = lane_select(terms.bounds.within(q.raw), s.slope, V(0));
    if (correction.p) {
      V const w = given(correction);
      s.value = lane_multiply(w, s.value);
      s.slope = lane_multiply(w, s.slope);
    }
    if constexpr (std::same_as<Kl, no_kl>)
      return f(x, q, s, penalty_term<V>{V(0), V(0), V(0), V(0)});
    else
      return f(x, q, s, held(q.raw, terms.penalty(x.log_prob, given(ref_log_prob), q.ratio)));
  }

  /// The slope that goes through the sequence's ratio.
  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto slope_term(L at, index_t c) const {
    using V = typename L::type;
    return with_terms(at, c, [&](auto const& x, auto const&, auto const& s, auto const& k) COHORT_FLAT {
      V slope = surrogate_formula<Surrogate> ? s.slope : V(0);
      if constexpr (ratio_kl_formula<Kl>) slope = slope + lane_multiply(V(terms.kl.beta), k.ratio_slope);
      return sum_of<V>{lane_select(lane_and(x.usable, lane_is_finite(slope)), slope, V(0))};
    });
  }

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto loss_term(L at, index_t c) const {
    using V = typename L::type;
    return with_terms(at, c, [&](auto const& x, auto const& q, auto const& s, auto const& k) COHORT_FLAT {
      V const zero(0), one(1), beta = V(terms.kl.beta);
      bool const own = terms.own_slopes(), penalised = terms.kl.beta != 0;
      V value = s.value, slope = own ? s.slope : V(sequence_slope);
      if constexpr (!surrogate_formula<Surrogate>) // only the penalty knows the sequence's ratio
        if (!own) slope = slope + s.slope;
      if (penalised) {
        value = value + lane_multiply(beta, k.value);
        V through = k.slope;
        if constexpr (ratio_kl_formula<Kl>)
          if (own) through = k.whole;
        slope = slope + lane_multiply(beta, through);
      }
      // Within what the call's type holds, so that a reference in double excludes the same tokens.
      V const size = lane_abs(value) + lane_abs(slope) + lane_abs(k.value);
      auto const good = lane_and(x.usable, size <= V(largest<T>));
      auto const bad = lane_and(x.valid, lane_not(good));
      store(at, d_log_prob, c, lane_select(good, lane_multiply(slope, V(weight)), V(excluded)));
      auto const counted = [&](V v, V otherwise) COHORT_FLAT { return lane_select(good, v, otherwise); };
      return token_sums<V>{counted(lane_multiply(value, V(weight)), zero),
                           counted(k.value, zero),
                           lane_select(lane_and(good, lane_is_finite(q.log_ratio)), zero - q.log_ratio, zero),
                           counted(q.ratio, zero),
                           counted(q.ratio, V(infinity)),
                           counted(q.ratio, V(-infinity)),
                           counted(s.clipped_low, zero),
                           counted(s.clipped_high, zero),
                           counted(s.clipped_cap, zero),
                           counted(one, zero),
                           lane_select(bad, one, zero),
                           column_where<V>(c, bad)};
    });
  }

  /// The same, compiled once for all who ask for few tokens.
  template <class V>
  COHORT_APART COHORT_HOST_DEVICE token_sums<V> loss_apart(lane<V, true> at, index_t c) const {
    return loss_term(at, c);
  }
  /// Of a copy: a row whose address is known elsewhere is no longer in registers.
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE token_sums<V> loss_term(rest_lane<V> at, index_t c) const {
    policy_row const row = *this;
    return row.loss_apart(lane<V, true>{at.count}, c);
  }

  /// As a functor: the same where the caller is apart already.
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE token_sums<V> operator()(rest_lane<V> at, index_t c) const {
    return loss_term(lane<V, true>{at.count}, c);
  }

private:
  /// No gradient through a ratio that a bound holds.
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE penalty_term<V> held(V log_ratio, penalty_term<V> const& k) const {
    if constexpr (!ratio_kl_formula<Kl>) {
      return k;
    } else {
      auto const free = terms.bounds.within(log_ratio);
      return {k.value, k.slope, lane_select(free, k.ratio_slope, V(0)), lane_select(free, k.whole, k.slope)};
    }
  }
};

/// policy_loss over one sequence: the denominator, the sequence's ratio where it has one, then loss and gradient.
template <class T, class Space, class Surrogate, class Kl>
struct policy_loss_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_layout<Space> rows;
  cells<T const, Space> log_prob, old_log_prob, ref_log_prob, advantage, correction;
  mask_cells<T, Space> mask;
  cells<T, Space> d_log_prob;
  loss_terms<Surrogate, Kl> terms;
  cohort::normalizer normalizer;

  template <class Team>
  COHORT_HOST_DEVICE loss_sums operator()(Team const& team, index_t r) const {
    index_t const n = rows.length(r);
    return loss_of<true>(team, r, n, open(r));
  }

  using row_type = policy_row<T, Space, Surrogate, Kl>;
  [[nodiscard]] COHORT_HOST_DEVICE row_type open(index_t r) const {
    return {{log_prob.row(rows, r), old_log_prob.row(rows, r), mask.row(rows, r)},
            ref_log_prob.row(rows, r),
            correction.row(rows, r),
            advantage.row(rows, r),
            d_log_prob.row(rows, r),
            terms};
  }

  /// The loss of an opened row. `valid` is the number of tokens that a denominator counts, where that is not those of
  /// the row's own mask. MayRun: whether rows are many enough to be worth code of their own where they are runs.
  template <bool MayRun, class Team>
  COHORT_HOST_DEVICE loss_sums loss_of(Team const& team, index_t r, index_t n, row_type const& opened,
                                       double valid = -1) const {
    row_type row = opened;
    bool const runs = MayRun && row.runs();
    row.weight = token_weight<T>(normalizer, valid);
    if (terms.level != ratio_level::token || (valid < 0 && normalizer.kind == normalizer_kind::sequence_means)) {
      row_type const looked = row;
      auto const seen = look<MayRun>(team, n, looked, runs, valid);
      row.weight = seen.weight, row.sequence_log_ratio = seen.log_ratio, row.sequence_slope = seen.slope;
    }
    auto const sums = tokens_of<MayRun>(team, r, n, row, runs);
    return sequence_report(sums, static_cast<double>(rows.first(r)), row.weight > 0);
  }

private:
  template <bool MayRun, class Team>
  COHORT_HOST_DEVICE COHORT_INLINE token_sums<double> tokens_of(Team const& team, index_t r, index_t n,
                                                                row_type const& row, bool runs) const {
    if constexpr (MayRun && requires { Team::reopens; }) {
      auto const again = [this, r, weight = row.weight, ratio = row.sequence_log_ratio, slope = row.sequence_slope]()
                             COHORT_FLAT {
                               row_type x = this->open(r);
                               x.weight = weight, x.sequence_log_ratio = ratio, x.sequence_slope = slope;
                               return x;
                             };
      auto const term = [&row]<class L>(L at, index_t c) COHORT_FLAT { return row.loss_term(at, c); };
      return team.template reduce<token_sums>(n, reopened(term, runs, again));
    } else {
      auto const term = [row]<class L>(L at, index_t c) COHORT_FLAT { return row.loss_term(at, c); };
      return team.template reduce<token_sums>(n, large<MayRun>(term, runs));
    }
  }

  struct first_look {
    double weight, log_ratio, slope;
  };

  /// The first look at a sequence, which leaves it in cache for the second.
  template <bool MayRun, class Team>
  COHORT_APART COHORT_HOST_DEVICE first_look look(Team const& team, index_t n, row_type const& opened, bool runs,
                                                  double valid) const {
    row_type row = opened;
    auto const seen = row.policies.template sums<MayRun>(team, n, runs);
    row.weight = token_weight<T>(normalizer, valid < 0 ? seen.valid : valid);
    row.sequence_log_ratio = seen.whole(terms.level);
    if (!terms.own_slopes() && seen.usable > 0) {
      auto const term = [row]<class L>(L at, index_t c) COHORT_FLAT { return row.slope_term(at, c); };
      auto const slopes = team.template reduce<sum_of>(n, large<MayRun>(term, runs));
      row.sequence_slope = terms.level == ratio_level::sequence ? slopes.sum / seen.usable : slopes.sum;
    }
    return {row.weight, row.sequence_log_ratio, row.sequence_slope};
  }
};

} // namespace detail

COHORT_NAMESPACE_END
