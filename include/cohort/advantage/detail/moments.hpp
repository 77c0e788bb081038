// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Count, range, mean and squared deviations of a row of rewards: in double, shifted by the minimum, two passes, the
/// same bits for any order of the samples. Values that are not finite are left out and counted.
#pragma once

#include <cohort/advantage/detail/order_free.hpp>
#include <cohort/core/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class V>
struct range_sums {
  V low = V(infinity);
  V high = V(-infinity);
  V count = V(0);
  V excluded = V(0);
  wide<V> first_excluded = wide<V>(infinity);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return range_sums<field_t<F, minimum_rule, decltype(s.low)...>>{
        f(minimum_rule{}, s.low...), f(maximum_rule{}, s.high...), f(sum_rule{}, s.count...),
        f(sum_rule{}, s.excluded...), f(minimum_rule{}, s.first_excluded...)};
  }
};

/// The rewards at some cells, in the lanes of their type.
template <class V, bool InRow, class Space>
COHORT_HOST_DEVICE COHORT_INLINE range_sums<V> range_term(lane<V, InRow> at, row_layout<Space> const& rows, index_t r,
                                                          index_t c, V x, decltype(lane_traits<V>::all()) given) {
  using W = wide<V>;
  auto const live = lane_and(given, lane_is_finite(x)), dead = lane_and(given, lane_not(lane_is_finite(x)));
  range_sums<V> term{lane_select(live, x, V(infinity)), lane_select(live, x, V(-infinity)),
                     lane_select(live, V(1), V(0)), lane_select(dead, V(1), V(0)), W(infinity)};
  if (lane_any(dead)) {
    W const flag = lane_cast<W>(lane_select(dead, V(1), V(0)));
    term.first_excluded = lane_select(flag != W(0), position(at, rows, r, c), W(infinity));
  }
  return term;
}

/// The range of a row in units of a power of two near its width, so that squares neither overflow nor vanish: a reward
/// is low + (reward * inverse - shift) * unit, exactly.
template <class U>
struct reward_scale {
  U unit;
  U inverse;
  U shift; ///< low * inverse
  U width; ///< in units

  COHORT_HOST_DEVICE COHORT_INLINE reward_scale(U low, U high) {
    // The rounding trick works on 2^(+-60) times a half of the width; units end at 2^(+-960).
    U const half = lane_multiply(high, U(0.5)) - lane_multiply(low, U(0.5)), one(1);
    auto const large = one < half;
    U const turn = lane_select(large, U(0x1p-60), U(0x1p60)), back = lane_select(large, U(0x1p60), U(0x1p-60));
    U const above = lane_clamp(power_of_two_above(lane_multiply(half, turn)) * back, U(0x1p-960), U(0x1p960));
    unit = lane_select(U(0) < half, above, one);
    inverse = one / unit;
    shift = lane_multiply(low, inverse);
    width = lane_multiply(high, inverse) - shift;
  }

  /// The distance from the low, in units.
  template <class W>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE W distance(W reward) const {
    return lane_multiply(reward, W(inverse)) - W(shift);
  }
};

/// What is known of a row, or of one row per lane.
template <class U>
struct row_moments {
  U count;
  U low; ///< 0 where there is none, as the next
  U high;
  U unit;
  U mean;   ///< above low, in units
  U square; ///< sum of squared deviations, in squared units
  U excluded;
  U first_excluded;

  /// sqrt(sum of squares / (count - ddof)), 0 where that is not positive.
  [[nodiscard]] COHORT_HOST_DEVICE U deviation(double ddof) const {
    U const freedom = count - U(ddof);
    return lane_select(U(0) < freedom, lane_sqrt(square / lane_max(freedom, U(1))) * unit, U(0));
  }
  [[nodiscard]] COHORT_HOST_DEVICE U average() const { return low + lane_multiply(mean, unit); }
  [[nodiscard]] COHORT_HOST_DEVICE auto constant() const { return lane_not(low < high); }
  [[nodiscard]] COHORT_HOST_DEVICE auto singleton() const { return count == U(1); }
};

template <class T, class Team, class Space>
COHORT_HOST_DEVICE auto moments_of(Team const& team, line<T const> x, index_t n, row_layout<Space> const& rows,
                                   index_t r) {
  using U = typename Team::uniform;
  auto const range = team.template reduce<range_sums>(n, [=]<class L>(L at, index_t c) COHORT_FLAT {
    return range_term(at, rows, r, c, load(at, x, c), lane_traits<typename L::type>::all());
  });
  auto const some = U(0) < range.count;
  U const low = lane_select(some, range.low, U(0)), high = lane_select(some, range.high, U(0));
  U const count = lane_max(range.count, U(1));
  reward_scale<U> const scale(low, high);
  bool const complete = !lane_any(U(0) < range.excluded); // changes no value, only what is looked at
  auto const sum = [&](U bound, auto term) {
    sum_grid<U> const grid(bound, count);
    auto const s = team.template reduce<order_free_sum>(n, [=]<class L>(L at, index_t c) COHORT_FLAT {
      using W = wide<typename L::type>;
      W const value = lane_cast<W>(load(at, x, c)), t = term(scale.distance(value));
      return on_grid(complete ? t : lane_select(lane_is_finite(value), t, W(0)), grid);
    });
    return s.first + s.second;
  };
  U const mean = sum(scale.width, [](auto d) COHORT_FLAT { return d; }) / count;
  U const square = sum(lane_multiply(scale.width, scale.width), [mean](auto d) COHORT_FLAT {
    auto const e = d - decltype(d)(mean);
    return lane_multiply(e, e);
  });
  return row_moments<U>{range.count, low, high, scale.unit, mean, square, range.excluded, range.first_excluded};
}

} // namespace detail

COHORT_NAMESPACE_END
