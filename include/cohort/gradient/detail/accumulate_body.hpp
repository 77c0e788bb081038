// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The body of accumulate_policy_gradient: one row is a strip of parameters, which adds its tokens in ascending order.
#pragma once

#include <cohort/core/mask.hpp>
#include <cohort/core/team.hpp>
#include <cohort/gradient/gradient_report.hpp>
#include <cohort/gradient/score_source.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class V>
struct bad_products {
  V count = V(0);
  V first = V(infinity);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return bad_products<field_t<F, sum_rule, decltype(s.count)...>>{f(sum_rule{}, s.count...),
                                                                    f(minimum_rule{}, s.first...)};
  }
};

/// Tokens that one look at a strip adds, one after the other: sum = sum + round(seed * score), in double.
template <class S, int Tokens>
struct score_pass {
  line<double> sum;
  S const* scores[Tokens]; ///< of the strip's first parameter
  double seed[Tokens];
  double position[Tokens]; ///< token * parameters + the strip's first parameter

  /// What is not finite stays so in a sum: one look at the sum tells whether a product was not.
  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto operator()(L at, index_t c) const {
    using W = wide<typename L::type>;
    W total = lane_traits<W>::load(sum.p + c * sum.step, sum.step, at.count);
    for (int k = 0; k < Tokens; ++k) total = total + product(at, c, k);
    if (lane_any(lane_not(lane_is_finite(total)))) return add_finite(at, c);
    lane_traits<W>::store(sum.p + c * sum.step, sum.step, at.count, total);
    return bad_products<W>{};
  }

private:
  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto product(L at, index_t c, int k) const {
    using W = wide<typename L::type>;
    return lane_multiply(lane_cast<W>(load(at, line<S const>{scores[k], 1}, c)), W(seed[k]));
  }

  /// The same sum without the products that are not finite, which it counts.
  template <class L>
  COHORT_HOST_DEVICE COHORT_COLD auto add_finite(L at, index_t c) const {
    using W = wide<typename L::type>;
    W total = lane_traits<W>::load(sum.p + c * sum.step, sum.step, at.count);
    bad_products<W> bad;
    for (int k = 0; k < Tokens; ++k) {
      W const term = product(at, c, k), place(position[k] + static_cast<double>(c));
      auto const good = lane_is_finite(term);
      total = lane_select(good, total + term, total);
      bad = merge(bad, {lane_select(good, W(0), W(1)), lane_select(good, W(infinity), place + lane_traits<W>::iota())});
    }
    lane_traits<W>::store(sum.p + c * sum.step, sum.step, at.count, total);
    return bad;
  }
};

/// Adds some tokens to the gradient: all of them, or a chunk of those that a callable fills.
template <class T, class S, class Space>
struct accumulate_body {
  using compute_type = compute_t<S>;
  static constexpr bool rows_in_lanes = false;
  static constexpr int tokens_per_pass = 8;
  static constexpr index_t strip = 2048;

  row_layout<Space> strips; ///< rectangle of strips; the last may be short
  index_t parameters;
  index_t tokens;
  S const* scores;
  index_t score_stride;
  cells<T const, Space> d_log_prob; ///< one value per token, as the mask
  mask_cells<T, Space> mask;
  gradient_view<Space> gradient;
  double* sum; ///< where the tokens add up: the gradient itself, or the workspace for a float one
  index_t sum_stride;
  index_t first_token = 0;       ///< of this chunk
  bool opens = true;             ///< the first chunk
  bool closes = true;            ///< the last chunk
  gradient_sums const* previous; ///< what the chunks before reported

  template <class Team>
  COHORT_HOST_DEVICE gradient_sums operator()(Team const& team, index_t r) const {
    index_t const first = r * strip, n = parameters - first < strip ? parameters - first : strip;
    line<double> const total{sum + first * sum_stride, sum_stride};
    bool const apart = !gradient.is_double && tokens > 0;
    line<float> const out{static_cast<float*>(gradient.data) + (apart ? first * gradient.stride[0] : 0),
                          gradient.stride[0]};
    if (apart && opens) copy(team, n, out, total);
    gradient_sums const report = add_tokens(team, r, n, total);
    if (apart && closes) copy(team, n, total, out);
    return previous && r == 0 ? merge(*previous, report) : report;
  }

private:
  template <class Team, class From, class To>
  COHORT_HOST_DEVICE static void copy(Team const& team, index_t n, line<From> from, line<To> to) {
    team.for_each(n, [=]<class At>(At at, index_t c) COHORT_FLAT {
      using W = wide<typename At::type>;
      W const x = lane_traits<W>::load(from.p + c * from.step, from.step, at.count);
      lane_traits<W>::store(to.p + c * to.step, to.step, at.count, x);
    });
  }

  /// Masked tokens and seeds of 0 are not looked at; what seeds are is reported by the first strip.
  template <class Team>
  COHORT_HOST_DEVICE gradient_sums add_tokens(Team const& team, index_t r, index_t n, line<double> total) const {
    gradient_sums report;
    score_pass<S, tokens_per_pass> pass{};
    pass.sum = total;
    int held = 0;
    for (index_t t = 0; t < tokens; ++t) {
      if (!load_mask<T>(lane<double, true>{1}, mask.row(strips, first_token + t), 0)) continue;
      auto const seed = static_cast<double>(*d_log_prob.row(strips, first_token + t).p);
      bool const good = lane_is_finite(seed);
      if (r == 0) report = merge(report, seed_report(good, first_token + t));
      if (!good || seed == 0) continue;
      hold(pass, held++, r, t, seed);
      if (held < tokens_per_pass) continue;
      add(team, n, pass, report), held = 0;
    }
    for (int k = 0; k < held; ++k)
      add(team, n, score_pass<S, 1>{total, {pass.scores[k]}, {pass.seed[k]}, {pass.position[k]}}, report);
    return report;
  }

  COHORT_HOST_DEVICE static gradient_sums seed_report(bool good, index_t token) {
    if (good) return {.tokens = 1};
    return {.bad_seeds = 1, .first_bad_seed = static_cast<double>(token)};
  }

  COHORT_HOST_DEVICE void hold(score_pass<S, tokens_per_pass>& pass, int k, index_t r, index_t t, double seed) const {
    pass.scores[k] = scores + t * score_stride + r * strip;
    pass.seed[k] = seed;
    pass.position[k] =
        static_cast<double>(first_token + t) * static_cast<double>(parameters) + static_cast<double>(r * strip);
  }

  template <class Team, class Pass>
  COHORT_HOST_DEVICE static void add(Team const& team, index_t n, Pass const& pass, gradient_sums& report) {
    auto const bad = team.template reduce<bad_products>(n, pass);
    report = merge(report, {.bad_scores = bad.count, .first_bad_score = bad.first});
  }
};

} // namespace detail

COHORT_NAMESPACE_END
