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
template <class L, class Space, class V = typename L::type>
COHORT_HOST_DEVICE COHORT_INLINE range_sums<V> range_term(L at, row_layout<Space> const& rows, index_t r, index_t c,
                                                          V x, decltype(lane_traits<V>::all()) given) {
  auto const live = lane_and(given, lane_is_finite(x)), dead = lane_and(given, lane_not(lane_is_finite(x)));
  return {lane_select(live, x, V(infinity)), lane_select(live, x, V(-infinity)), lane_select(live, V(1), V(0)),
          lane_select(dead, V(1), V(0)), position_where(at, rows, r, c, dead)};
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

/// The same of rewards that are floats: their squares fit doubles as they are.
template <class U>
struct unit_scale {
  U unit = U(1);
  U shift;
  U width;

  COHORT_HOST_DEVICE COHORT_INLINE unit_scale(U low, U high) : shift(low), width(high - low) {}
  template <class W>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE W distance(W reward) const {
    return reward - W(shift);
  }
};
template <class T, class U>
using scale_of = std::conditional_t<sizeof(T) == 4, unit_scale<U>, reward_scale<U>>;

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
  bool complete = false; ///< known to have none excluded, in any lane

  /// sqrt(sum of squares / (count - ddof)), 0 where that is not positive.
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE U deviation(double ddof) const {
    U const freedom = count - U(ddof);
    return lane_select(U(0) < freedom, lane_sqrt(square / lane_max(freedom, U(1))) * unit, U(0));
  }
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE U average() const { return low + lane_multiply(mean, unit); }
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE auto constant() const { return lane_not(low < high); }
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE auto singleton() const { return count == U(1); }
};

/// The range of the rewards, and the smallest magnitude but 0 of those that are floats.
template <class V>
struct extremes {
  static constexpr bool exact = true; ///< no rule rounds
  V low = V(infinity);
  V high = V(-infinity);
  V least = V(infinity);
  V spoiled = V(0); ///< NaN where a reward is not finite
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return extremes<field_t<F, minimum_rule, decltype(s.low)...>>{
        f(minimum_rule{}, s.low...), f(maximum_rule{}, s.high...), f(minimum_rule{}, s.least...),
        f(sum_rule{}, s.spoiled...)};
  }
};

template <class U>
struct row_range {
  range_sums<U> sums;
  U least = U(0); ///< every reward is a multiple of least * 2^-24; 0 where that is not known
  bool complete = false;
};

/// Most rows are complete: nothing is counted then.
template <class T, class Team, class Space>
COHORT_HOST_DEVICE COHORT_INLINE auto range_of(Team const& team, line<T const> x, index_t n,
                                               row_layout<Space> const& rows, index_t r) {
  using U = typename Team::uniform;
  auto const seen = team.template reduce<extremes>(n, [=]<class L>(L at, index_t c) COHORT_FLAT {
    using V = typename L::type;
    V const value = load(at, x, c), magnitude = lane_abs(value);
    V const least = sizeof(T) == 4 ? lane_select(V(0) < magnitude, magnitude, V(infinity)) : V(0);
    return extremes<V>{value, value, least, value - value};
  });
  if (!lane_any(seen.spoiled != U(0)))
    return row_range<U>{{seen.low, seen.high, U(static_cast<double>(n)), U(0)}, seen.least, true};
  auto const term = [=]<class L>(L at, index_t c) COHORT_FLAT {
    return range_term(at, rows, r, c, load(at, x, c), lane_traits<typename L::type>::all());
  };
  return row_range<U>{team.template reduce<range_sums>(n, large(term))};
}

/// How a sum is made order-free: no term and no partial sum rounds, terms are rounded to one grid, or to two.
enum class exactness : int { plain, one_grid, two_grids };

/// The sum of term(lane, c), in doubles of at most `bound`, over a row.
template <class Team, class U, class F>
COHORT_HOST_DEVICE COHORT_INLINE U order_free_total(Team const& team, index_t n, exactness how, U bound, U count,
                                                    F term) {
  if (how == exactness::plain)
    return team
        .template reduce<sum_of>(n, [=]<class L>(L at, index_t c)
                                        COHORT_FLAT { return sum_of<wide<typename L::type>>{term(at, c)}; })
        .sum;
  sum_grid<U> const grid(bound, count);
  if (how == exactness::one_grid)
    return team
        .template reduce<sum_of>(n,
                                 [=]<class L>(L at, index_t c) COHORT_FLAT {
                                   return sum_of<wide<typename L::type>>{on_coarse_grid(term(at, c), grid)};
                                 })
        .sum;
  auto const sums = team.template reduce<order_free_sum>(n, [=](auto at, index_t c)
                                                                COHORT_FLAT { return on_grid(term(at, c), grid); });
  return sums.first + sums.second;
}

/// The moments of a row. `squares` is how the squared deviations are summed: one grid leaves away less than
/// n^2 2^-49 of their sum.
template <class T, class Team, class Space>
COHORT_HOST_DEVICE COHORT_INLINE auto moments_of(Team const& team, line<T const> x, index_t n,
                                                 row_layout<Space> const& rows, index_t r,
                                                 exactness squares = exactness::two_grids) {
  using U = typename Team::uniform;
  auto const range = range_of<T>(team, x, n, rows, r);
  bool const complete = range.complete; // changes no value, only what is looked at
  auto const some = U(0) < range.sums.count;
  U const low = lane_select(some, range.sums.low, U(0)), high = lane_select(some, range.sums.high, U(0));
  U const count = lane_max(range.sums.count, U(1));
  scale_of<T, U> const scale(low, high);
  auto const distance = [=]<class L>(L at, index_t c) COHORT_FLAT {
    using W = wide<typename L::type>;
    W const value = lane_cast<W>(load(at, x, c)), d = scale.distance(value);
    return complete ? d : lane_select(lane_is_finite(value), d, W(0));
  };
  // Distances are multiples of least * 2^-24 then, and all partial sums below 2^53 of those.
  bool const plain = !lane_any(lane_multiply(range.least, U(0x1p29)) < lane_multiply(scale.width, count));
  U const sum =
      order_free_total(team, n, plain ? exactness::plain : exactness::two_grids, scale.width, count, distance);
  U const mean = sum / count;
  U const square = order_free_total(team, n, squares, lane_multiply(scale.width, scale.width), count,
                                    [=]<class L>(L at, index_t c) COHORT_FLAT {
                                      using W = wide<typename L::type>;
                                      W const value = lane_cast<W>(load(at, x, c)), e = scale.distance(value) - W(mean);
                                      W const e2 = lane_multiply(e, e);
                                      return complete ? e2 : lane_select(lane_is_finite(value), e2, W(0));
                                    });
  return row_moments<U>{range.sums.count,          low,     high, scale.unit, mean, square, range.sums.excluded,
                        range.sums.first_excluded, complete};
}

} // namespace detail

COHORT_NAMESPACE_END
