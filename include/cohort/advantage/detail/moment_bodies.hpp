// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The bodies of moments and whiten: the range and the sum of all tokens, the deviations from their mean, what is known
/// of them, and the last pass. In double throughout.
#pragma once

#include <cohort/advantage/moment_report.hpp>
#include <cohort/advantage/normalization.hpp>
#include <cohort/core/mask.hpp>
#include <cohort/core/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// First pass.
template <class W>
struct centred_sums {
  W low = W(infinity), high = W(-infinity), sum = W(0), count = W(0), bad_slots = W(0), first_bad_slot = W(infinity);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return centred_sums<field_t<F, sum_rule, decltype(s.sum)...>>{
        f(minimum_rule{}, s.low...), f(maximum_rule{}, s.high...),  f(sum_rule{}, s.sum...),
        f(sum_rule{}, s.count...),   f(sum_rule{}, s.bad_slots...), f(minimum_rule{}, s.first_bad_slot...)};
  }
};
/// A first mean, within the range: equal values have exactly their own.
COHORT_HOST_DEVICE inline double mean_of(centred_sums<double> const& s) {
  return s.count > 0 ? lane_clamp(s.sum / s.count, s.low, s.high) : 0;
}

/// Second pass: deviations from that mean, whose sum tells what it lacks.
template <class W>
struct deviation_sums {
  W sum = W(0), square = W(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return deviation_sums<field_t<F, sum_rule, decltype(s.sum)...>>{f(sum_rule{}, s.sum...),
                                                                    f(sum_rule{}, s.square...)};
  }
};

/// The values of one sequence and which of them count.
template <class T>
struct value_line {
  line<T const> values;
  mask_line mask;

  template <class V>
  struct token {
    decltype(lane_traits<V>::all()) valid, usable;
    wide<V> value; ///< 0 where it is not usable
  };
  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto read(L at, index_t c) const {
    using V = typename L::type;
    V const x = load(at, values, c);
    auto const valid = load_mask<T>(at, mask, c), usable = lane_and(valid, lane_is_finite(x));
    return token<V>{valid, usable, lane_cast<wide<V>>(lane_select(usable, x, V(0)))};
  }
};
/// 1 and 0 in double.
template <class V, class M>
COHORT_HOST_DEVICE COHORT_INLINE wide<V> wide_flag(M mask) {
  return lane_cast<wide<V>>(lane_select(mask, V(1), V(0)));
}

template <class T, class Space>
struct token_values {
  row_layout<Space> rows;
  cells<T const, Space> values;
  mask_cells<T, Space> mask;
  [[nodiscard]] COHORT_HOST_DEVICE value_line<T> row(index_t r) const {
    return {values.row(rows, r), mask.row(rows, r)};
  }
};

template <class T, class Space>
struct value_sum_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;
  token_values<T, Space> tokens;

  template <class Team>
  COHORT_HOST_DEVICE centred_sums<double> operator()(Team const& team, index_t r) const {
    auto const x = tokens.row(r);
    auto const rows = tokens.rows;
    return team.template reduce<centred_sums>(rows.length(r), [=]<class L>(L at, index_t c) COHORT_FLAT {
      using V = typename L::type;
      using W = wide<V>;
      auto const token = x.read(at, c);
      W const count = wide_flag<V>(token.usable), value = token.value;
      auto const bad = lane_and(token.valid, lane_not(token.usable));
      auto const live = W(0) < count;
      centred_sums<W> term{lane_select(live, value, W(infinity)), lane_select(live, value, W(-infinity)), value, count};
      term.bad_slots = wide_flag<V>(bad);
      term.first_bad_slot = position_where(at, rows, r, c, bad);
      return term;
    });
  }
};

template <class T, class Space>
struct value_deviation_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;
  token_values<T, Space> tokens;
  centred_sums<double> const* known;

  template <class Team>
  COHORT_HOST_DEVICE deviation_sums<double> operator()(Team const& team, index_t r) const {
    auto const x = tokens.row(r);
    double const mean = mean_of(*known);
    return team.template reduce<deviation_sums>(tokens.rows.length(r), [=]<class L>(L at, index_t c) COHORT_FLAT {
      using V = typename L::type;
      using W = wide<V>;
      auto const token = x.read(at, c);
      W const zero(0), d = lane_select(wide_mask<V>(token.usable), token.value - W(mean), zero);
      return deviation_sums<W>{d, lane_multiply(d, d)};
    });
  }
};

/// One row: what both passes say.
struct moment_body {
  using compute_type = double;
  static constexpr bool rows_in_lanes = false;
  centred_sums<double> const* values;
  deviation_sums<double> const* deviations;
  moment_sums* out;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t) const {
    moment_body const self = *this;
    team.once([self] {
      centred_sums<double> const& s = *self.values;
      deviation_sums<double> const& d = *self.deviations;
      double const lack = s.count > 0 ? d.sum / s.count : 0, square = d.square - d.sum * lack;
      *self.out = {s.count, mean_of(s) + lack, square > 0 ? square : 0, s.bad_slots, s.first_bad_slot};
    });
    return {};
  }
};

template <class T, class Space>
struct whiten_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;
  token_values<T, Space> tokens;
  cells<T, Space> whitened;
  moment_sums const* moments;
  int ddof;
  double epsilon;
  cohort::epsilon_place place;
  bool shift_mean;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t r) const {
    auto const x = tokens.row(r);
    auto const out = whitened.row(tokens.rows, r);
    double const mean = moments->mean, freedom = moments->count - ddof, back = shift_mean ? 0 : mean;
    double const factor = freedom > 0 ? inverse_deviation(lane_sqrt(moments->square / freedom), epsilon, place) : 0;
    team.for_each(tokens.rows.length(r), [=]<class L>(L at, index_t c) COHORT_FLAT {
      using V = typename L::type;
      using W = wide<V>;
      auto const token = x.read(at, c);
      W const y = lane_multiply(token.value - W(mean), W(factor)) + W(back);
      store(at, out, c, lane_select(token.usable, lane_cast<V>(y), V(0)));
    });
    return {};
  }
};

} // namespace detail

COHORT_NAMESPACE_END
