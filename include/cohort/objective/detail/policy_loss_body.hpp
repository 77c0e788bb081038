// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The body of policy_loss: one row is one sequence, looked at once, or twice while it is in cache.
#pragma once

#include <cohort/core/mask.hpp>
#include <cohort/core/team.hpp>
#include <cohort/formula/log_ratio_bounds.hpp>
#include <cohort/objective/loss_report.hpp>
#include <cohort/objective/normalizer.hpp>

COHORT_NAMESPACE_BEGIN

/// token: a ratio per token. sequence: one per sequence, exp(mean over its tokens of the log ratio), with the gradient
/// through that mean (GSPO, arXiv 2507.18071).
enum class ratio_level : int { token, sequence };

namespace detail {

/// Valid tokens and sequences that have one: what a normaliser without a count counts.
template <class V>
struct batch_count {
  V tokens = V(0);
  V sequences = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return batch_count<field_t<F, sum_rule, decltype(s.tokens)...>>{f(sum_rule{}, s.tokens...),
                                                                    f(sum_rule{}, s.sequences...)};
  }
};

/// What the tokens of one sequence add to the report.
template <class V>
struct token_sums {
  V loss = V(0), kl = V(0), negative_log_ratio = V(0), ratio = V(0);
  V ratio_min = V(infinity), ratio_max = V(-infinity);
  V clipped_low = V(0), clipped_high = V(0), tokens = V(0), bad_slots = V(0);
  wide<V> first_bad_slot = wide<V>(infinity);

  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    constexpr sum_rule sum{};
    return token_sums<field_t<F, sum_rule, decltype(s.loss)...>>{f(sum, s.loss...),
                                                                 f(sum, s.kl...),
                                                                 f(sum, s.negative_log_ratio...),
                                                                 f(sum, s.ratio...),
                                                                 f(minimum_rule{}, s.ratio_min...),
                                                                 f(maximum_rule{}, s.ratio_max...),
                                                                 f(sum, s.clipped_low...),
                                                                 f(sum, s.clipped_high...),
                                                                 f(sum, s.tokens...),
                                                                 f(sum, s.bad_slots...),
                                                                 f(minimum_rule{}, s.first_bad_slot...)};
  }
};

/// What must be known of a sequence before its first gradient: its valid tokens, which a denominator counts, the usable
/// ones among them, and the sum of their log ratios.
template <class V>
struct sequence_sums {
  V valid = V(0);
  V usable = V(0);
  V log_ratio = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return sequence_sums<field_t<F, sum_rule, decltype(s.valid)...>>{
        f(sum_rule{}, s.valid...), f(sum_rule{}, s.usable...), f(sum_rule{}, s.log_ratio...)};
  }
};

/// One sequence, opened. What does not depend on the lane is a double.
template <class T, class Space, class Surrogate, class Kl>
struct policy_row {
  row_layout<Space> rows;
  index_t r;
  line<T const> log_prob, old_log_prob, ref_log_prob, advantage;
  mask_line mask;
  line<T> d_log_prob;
  Surrogate surrogate;
  Kl kl;
  ratio_level level;
  double weight = 0;
  double mean_log_ratio = 0; ///< sequence level only, as the next
  double mean_slope = 0;

  /// The inputs at some tokens; 0 where they are not valid: select before arithmetic.
  template <class V>
  struct token {
    decltype(lane_traits<V>::all()) valid, usable;
    V log_prob, log_ratio, advantage;
  };

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto read(L at, index_t c) const {
    using V = typename L::type;
    auto const valid = load_mask<T>(at, mask, c);
    V const zero(0);
    V const now = lane_select(valid, load(at, log_prob, c), zero);
    V const old = lane_select(valid, load(at, old_log_prob, c), zero);
    V const log_ratio = now - old;
    // A log-prob of -inf is a ratio of 0; +inf, NaN and an old one that is not finite leave the ratio undefined.
    auto const usable = lane_and(valid, lane_and(log_ratio < V(infinity), old < V(infinity)));
    return token<V>{valid, usable, now, log_ratio, lane_select(valid, load(at, advantage, c), zero)};
  }

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto sequence_term(L at, index_t c) const {
    using V = typename L::type;
    auto const x = read(at, c);
    return sequence_sums<V>{lane_select(x.valid, V(1), V(0)), lane_select(x.usable, V(1), V(0)),
                            lane_select(x.usable, x.log_ratio, V(0))};
  }

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto slope_term(L at, index_t c) const {
    using V = typename L::type;
    auto const x = read(at, c);
    auto const term = surrogate(lane_exp(V(mean_log_ratio)), x.advantage);
    return sum_of<V>{lane_select(lane_and(x.usable, lane_is_finite(term.slope)), term.slope, V(0))};
  }

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto loss_term(L at, index_t c) const {
    using V = typename L::type;
    V const zero(0), one(1);
    auto const x = read(at, c);
    bool const sequence = level == ratio_level::sequence;
    V const log_ratio = sequence ? V(mean_log_ratio) : x.log_ratio;
    V const ratio = lane_exp(log_ratio);
    auto const term = surrogate(ratio, x.advantage);
    auto const penalty = penalty_of(at, c, x);
    bool const penalised = kl.beta != 0;
    V const value = penalised ? term.value + lane_multiply(V(kl.beta), penalty.value) : term.value;
    V const own = sequence ? V(mean_slope) : term.slope;
    V const slope = penalised ? own + lane_multiply(V(kl.beta), penalty.slope) : own;
    // Within what the call's type holds, so that a reference in double excludes the same tokens.
    V const size = lane_abs(value) + lane_abs(slope) + lane_abs(penalty.value);
    auto const good = lane_and(x.usable, size <= V(largest<T>));
    auto const bad = lane_and(x.valid, lane_not(good));
    store(at, d_log_prob, c, lane_select(good, lane_multiply(slope, V(weight)), zero));
    auto const counted = [&](V v, V otherwise) COHORT_FLAT { return lane_select(good, v, otherwise); };
    return token_sums<V>{counted(lane_multiply(value, V(weight)), zero),
                         counted(penalty.value, zero),
                         lane_select(lane_and(good, lane_is_finite(log_ratio)), zero - log_ratio, zero),
                         counted(ratio, zero),
                         counted(ratio, V(infinity)),
                         counted(ratio, V(-infinity)),
                         counted(term.clipped_low, zero),
                         counted(term.clipped_high, zero),
                         counted(one, zero),
                         lane_select(bad, one, zero),
                         first_of(at, c, bad)};
  }

private:
  template <class L, class X>
  COHORT_HOST_DEVICE COHORT_INLINE auto penalty_of(L at, index_t c, X const& x) const {
    using V = typename L::type;
    if (!ref_log_prob.p) return value_and_slope<V>{V(0), V(0)};
    return kl(x.log_prob, lane_select(x.valid, load(at, ref_log_prob, c), V(0)));
  }

  template <class L, class M>
  COHORT_HOST_DEVICE COHORT_INLINE auto first_of(L at, index_t c, M bad) const {
    using V = typename L::type;
    using W = wide<V>;
    if (!lane_any(bad)) return W(infinity);
    auto const flag = lane_cast<W>(lane_select(bad, V(1), V(0)));
    return lane_select(flag != W(0), position(at, rows, r, c), W(infinity));
  }
};

/// The sums of one sequence as a report of one sequence.
COHORT_HOST_DEVICE inline loss_sums sequence_report(token_sums<double> const& s, bool weighted) {
  loss_sums row{.loss = s.loss,
                .kl = s.kl,
                .negative_log_ratio = s.negative_log_ratio,
                .ratio = s.ratio,
                .ratio_min = s.ratio_min,
                .ratio_max = s.ratio_max,
                .clipped_low = s.clipped_low,
                .clipped_high = s.clipped_high,
                .tokens = s.tokens,
                .bad_slots = s.bad_slots,
                .first_bad_slot = s.first_bad_slot};
  if (!(s.tokens > 0)) return row;
  row.sequences = 1;
  row.clip_low_min = s.clipped_low / s.tokens;
  row.clip_high_max = s.clipped_high / s.tokens;
  if (!weighted) row.unweighted = s.tokens;
  return row;
}

/// policy_loss over one sequence: the denominator, the sequence's ratio where it has one, then loss and gradient.
template <class T, class Space, class Surrogate, class Kl>
struct policy_loss_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_layout<Space> rows;
  cells<T const, Space> log_prob, old_log_prob, ref_log_prob, advantage;
  mask_cells<T, Space> mask;
  cells<T, Space> d_log_prob;
  Surrogate surrogate;
  Kl kl;
  ratio_level level;
  cohort::normalizer normalizer;

  template <class Team>
  COHORT_HOST_DEVICE loss_sums operator()(Team const& team, index_t r) const {
    index_t const n = rows.length(r);
    auto row = open(r);
    row.weight = weight_for(1);
    if (level == ratio_level::sequence || normalizer.kind == normalizer_kind::sequence_means) look(team, n, row);
    auto const sums = team.template reduce<token_sums>(n, [row]<class L>(L at, index_t c)
                                                              COHORT_FLAT { return row.loss_term(at, c); });
    return sequence_report(sums, row.weight > 0);
  }

private:
  using row_type = policy_row<T, Space, Surrogate, Kl>;

  COHORT_HOST_DEVICE row_type open(index_t r) const {
    return {rows,
            r,
            log_prob.row(rows, r),
            old_log_prob.row(rows, r),
            ref_log_prob.row(rows, r),
            advantage.row(rows, r),
            mask.row(rows, r),
            d_log_prob.row(rows, r),
            surrogate,
            kl,
            level};
  }

  /// 0 where the call's type cannot hold it: reported as a normaliser that is not positive.
  COHORT_HOST_DEVICE double weight_for(double row_tokens) const {
    double const weight = normalizer.weight(row_tokens);
    return weight <= largest<T> ? weight : 0;
  }

  /// The first look at a sequence, which leaves it in cache for the second.
  template <class Team>
  COHORT_HOST_DEVICE void look(Team const& team, index_t n, row_type& row) const {
    row_type const x = row;
    auto const seen = team.template reduce<sequence_sums>(n, [x]<class L>(L at, index_t c)
                                                                 COHORT_FLAT { return x.sequence_term(at, c); });
    row.weight = weight_for(seen.valid);
    if (level != ratio_level::sequence || !(seen.usable > 0)) return;
    row.mean_log_ratio = seen.log_ratio / seen.usable;
    row_type const y = row;
    auto const slopes =
        team.template reduce<sum_of>(n, [y]<class L>(L at, index_t c) COHORT_FLAT { return y.slope_term(at, c); });
    row.mean_slope = slopes.sum / seen.usable;
  }
};

/// How many tokens and sequences of a batch are valid.
template <class T, class Space>
struct batch_count_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_layout<Space> rows;
  mask_cells<T, Space> mask;

  template <class Team>
  COHORT_HOST_DEVICE batch_count<double> operator()(Team const& team, index_t r) const {
    index_t const n = rows.length(r);
    auto const row = mask.row(rows, r);
    double tokens = static_cast<double>(n);
    if (row.kind != mask_kind::absent)
      tokens = team.template reduce<sum_of>(n,
                                            [row]<class L>(L at, index_t c) COHORT_FLAT {
                                              using V = typename L::type;
                                              return sum_of<V>{lane_select(load_mask<T>(at, row, c), V(1), V(0))};
                                            })
                   .sum;
    return {tokens, tokens > 0 ? 1.0 : 0.0};
  }
};

} // namespace detail

COHORT_NAMESPACE_END
