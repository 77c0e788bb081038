// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The body of gae and return_to_go: one row is one sequence, scanned once from its end.
#pragma once

#include <cohort/advantage/token_report.hpp>
#include <cohort/core/mask.hpp>
#include <cohort/core/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// What tokens make of the value and the advantage that follow them:
///
///   value     <- value + through * value
///   advantage <- advantage + by_value * value + by_advantage * advantage
///
/// A token that is left out is the identity; through is 0 or 1. In double: chains are long.
template <class V>
struct token_map {
  using W = wide<V>;
  W through = W(1), value = W(0), advantage = W(0), by_value = W(0), by_advantage = W(1);

  /// f over the fields of some states, as the state of another lane type.
  template <class U, class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static token_map<U> each(F f, S const&... s) {
    return {f(s.through...), f(s.value...), f(s.advantage...), f(s.by_value...), f(s.by_advantage...)};
  }
  friend COHORT_HOST_DEVICE COHORT_INLINE token_map compose(token_map const& a, token_map const& b) {
    return {lane_multiply(a.through, b.through), lane_select(W(0) < a.through, b.value, a.value),
            (a.advantage + lane_multiply(a.by_value, b.value)) + lane_multiply(a.by_advantage, b.advantage),
            lane_multiply(a.by_value, b.through) + lane_multiply(a.by_advantage, b.by_value),
            lane_multiply(a.by_advantage, b.by_advantage)};
  }
};

/// The last columns of a token and of an episode's end; -1 where there is none.
template <class W>
struct last_columns {
  W token = W(-1), end = W(-1);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return last_columns<field_t<F, maximum_rule, decltype(s.token)...>>{f(maximum_rule{}, s.token...),
                                                                        f(maximum_rule{}, s.end...)};
  }
};

/// One sequence, or one per lane, opened.
template <class T, class Space>
struct gae_row {
  row_layout<Space> rows;
  index_t r;
  line<T const> reward, value, bootstrap; ///< value and bootstrap: 0 where absent
  mask_line mask, done;
  double gamma, decay; ///< decay is gamma * lambda

  [[nodiscard]] COHORT_HOST_DEVICE bool runs() const {
    return is_run(reward) && is_run(value) && is_run(mask) && is_run(done);
  }

  template <class V>
  struct token {
    decltype(lane_traits<V>::all()) valid, usable, ends;
    V reward, value;
  };

  /// Selected before arithmetic: nothing of what is left out comes further.
  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto read(L at, index_t c) const {
    using V = typename L::type;
    V const zero(0);
    auto const valid = load_mask<T>(at, mask, c);
    V const x = load(at, reward, c), v = value.p ? load(at, value, c) : zero;
    auto const usable = lane_and(valid, lane_and(lane_is_finite(x), lane_is_finite(v)));
    auto const ends = done.kind == mask_kind::absent ? zero != zero : load_mask<T>(at, done, c);
    return token<V>{valid, usable, lane_and(usable, ends), lane_select(usable, x, zero), lane_select(usable, v, zero)};
  }

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto map(L at, index_t c) const {
    using V = typename L::type;
    using W = wide<V>;
    auto const x = read(at, c);
    V const zero(0), one(1);
    W const through = lane_cast<W>(lane_select(x.usable, zero, one)), v = lane_cast<W>(x.value);
    W const onward = lane_cast<W>(lane_select(lane_and(x.usable, lane_not(x.ends)), one, zero));
    return token_map<V>{through, v, lane_cast<W>(x.reward) - v, lane_multiply(onward, W(gamma)),
                        through + lane_multiply(onward, W(decay))};
  }

  /// The value after the last token; 0 where there is none or it is not finite.
  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto last_value(L at) const {
    using V = typename L::type;
    V const v = bootstrap.p ? load(at, bootstrap, 0) : V(0);
    return lane_cast<wide<V>>(lane_select(lane_is_finite(v), v, V(0)));
  }

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto count(L at, index_t c) const {
    using V = typename L::type;
    auto const x = read(at, c);
    auto const bad = lane_and(x.valid, lane_not(x.usable));
    return basic_token_counts<V>{.tokens = lane_select(x.usable, V(1), V(0)),
                                 .bad_slots = lane_select(bad, V(1), V(0)),
                                 .first_bad_slot = position_where(at, rows, r, c, bad)};
  }

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto columns(L at, index_t c) const {
    using V = typename L::type;
    using W = wide<V>;
    auto const x = read(at, c);
    W here(static_cast<double>(c));
    if constexpr (L::in_row) here = here + lane_traits<W>::iota();
    auto const where = [&](auto chosen) COHORT_FLAT { return lane_select(wide_mask<V>(chosen), here, W(-1)); };
    return last_columns<W>{where(x.usable), where(x.ends)};
  }
};

template <class T, class Space>
struct gae_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false; // one tree for padded and packed tokens

  row_layout<Space> rows;
  cells<T const, Space> reward, value, bootstrap;
  mask_cells<T, Space> mask, done;
  cells<T, Space> advantage, returns;
  double gamma, lambda;
  bool counted; ///< whether anybody reads the report

  template <class Team>
  COHORT_HOST_DEVICE auto operator()(Team const& team, index_t r) const {
    index_t const n = rows.length(r);
    gae_row<T, Space> const x{rows,
                              r,
                              team.stage(0, reward.row(rows, r), n),
                              team.stage(1, value.row(rows, r), n),
                              bootstrap.row(rows, r),
                              mask.row(rows, r),
                              done.row(rows, r),
                              gamma,
                              gamma * lambda};
    auto const counts = counted ? count(team, x, n) : basic_token_counts<typename Team::uniform>{};
    scan(team, x, n, advantage.row(rows, r), returns.row(rows, r));
    return counts;
  }

private:
  template <class Team>
  COHORT_HOST_DEVICE static auto count(Team const& team, gae_row<T, Space> const& x, index_t n) {
    using U = typename Team::uniform;
    auto const term = [x]<class L>(L at, index_t c) COHORT_FLAT { return x.count(at, c); };
    auto counts = team.template reduce<basic_token_counts>(n, large<true>(term, x.runs()));
    if (!x.bootstrap.p) return counts;
    auto const unknown = team.template reduce<sum_of>(
        1, large([x]<class L>(L at, index_t) COHORT_FLAT {
          using V = typename L::type;
          return sum_of<V>{lane_select(lane_is_finite(load(at, x.bootstrap, 0)), V(0), V(1))};
        }));
    if (!lane_any(U(0) < unknown.sum)) return counts;
    auto const last = team.template reduce<last_columns>(
        n, large([x]<class L>(L at, index_t c) COHORT_FLAT { return x.columns(at, c); }));
    auto const needed = lane_and(U(0) < unknown.sum, last.end < last.token);
    counts.bad_bootstraps = lane_select(needed, U(1), U(0));
    counts.first_bad_bootstrap = lane_select(needed, U(static_cast<double>(x.r)) + lane_traits<U>::iota(), U(infinity));
    return counts;
  }

  /// Each cell is read for the last time right before it is written: outputs may be inputs.
  template <class Team>
  COHORT_HOST_DEVICE static void scan(Team const& team, gae_row<T, Space> const& x, index_t n, line<T> advantage,
                                      line<T> returns) {
    auto const a = team.stage_out(0, advantage, n), g = team.stage_out(1, returns, n);
    team.template scan_reverse<token_map>(
        n, [x]<class L>(L at, index_t c) COHORT_FLAT { return x.map(at, c); },
        [x, a, g]<class L, class E>(L at, index_t c, E const& state) COHORT_FLAT {
          using V = typename L::type;
          auto const here = x.read(at, c);
          auto const sum = state.advantage + lane_multiply(state.by_value, x.last_value(at));
          store(at, a, c, lane_select(here.usable, lane_cast<V>(sum), V(0)));
          if (g.p) store(at, g, c, lane_select(here.usable, lane_cast<V>(sum + state.value), V(0)));
        });
    team.commit(a, advantage, n);
    if (g.p) team.commit(g, returns, n);
  }
};

} // namespace detail

COHORT_NAMESPACE_END
