// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The bodies of group_advantage: one row is one group.
#pragma once

#include <cohort/advantage/detail/moments.hpp>
#include <cohort/advantage/group_report.hpp>
#include <cohort/advantage/group_statistics.hpp>
#include <cohort/advantage/normalization.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// What becomes of one group: advantage = (distance - offset) * factor, the distance from the low in units.
template <class U>
struct group_transform {
  U offset;
  U factor;
};

struct group_convention {
  cohort::baseline baseline;
  cohort::scale scale;
  int ddof;
  double epsilon;
  cohort::epsilon_place place;
  cohort::singleton singleton;
  cohort::non_finite policy;
  sum_of<double> const* batch_deviation; ///< in the context's memory; read where scale is batch_std

  template <class U>
  COHORT_HOST_DEVICE COHORT_INLINE group_transform<U> transform(row_moments<U> const& m, U group_deviation) const {
    U const zero(0), one(1), others = lane_max(m.count - one, one);
    U const own = lane_select(m.singleton(), one, group_deviation);
    U const deviation = scale == cohort::scale::batch_std ? U(batch_deviation->sum) : own;
    U const inverse = scale == cohort::scale::none ? one : inverse_deviation(deviation, epsilon, place);
    U const left_out = baseline == cohort::baseline::leave_one_out ? m.count / others : one;
    U const several = lane_select(m.constant(), zero, inverse * m.unit * left_out);
    if (singleton != cohort::singleton::reward) return {m.mean, several};
    U const from_zero = zero - m.low / m.unit;
    return {lane_select(m.singleton(), from_zero, m.mean), lane_select(m.singleton(), inverse * m.unit, several)};
  }
};

template <class T, class Space>
struct group_advantage_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = true;

  row_layout<Space> groups;
  cells<T const, Space> reward;
  cells<T, Space> advantage;
  group_convention convention;

  template <class Team>
  COHORT_HOST_DEVICE COHORT_INLINE auto operator()(Team const& team, index_t g) const {
    index_t const n = groups.length(g);
    auto const x = team.stage(0, reward.row(groups, g), n); // read once, close to the team
    auto const place = advantage.row(groups, g), out = team.stage_out(1, place, n);
    // One grid is within 2^-37 of the variance, where the advantage is rounded to 2^-24.
    bool const coarse = sizeof(T) == 4 && n <= 64;
    auto const m = moments_of<T>(team, x, n, groups, g, coarse ? exactness::one_grid : exactness::two_grids);
    auto const deviation = m.deviation(convention.ddof);
    auto const t = convention.transform(m, deviation);
    scale_of<T, typename Team::uniform> const scale(m.low, m.high);
    bool const complete = m.complete;
    team.for_each(n, [=]<class L>(L at, index_t c) COHORT_FLAT {
      using V = typename L::type;
      using W = wide<V>;
      W const value = lane_cast<W>(load(at, x, c));
      W const scaled = (scale.distance(value) - W(t.offset)) * W(t.factor);
      store(at, out, c, lane_cast<V>(complete ? scaled : lane_select(lane_is_finite(value), scaled, W(0))));
    });
    team.commit(out, place, n);
    return group_sums_of(m, n, deviation, convention.policy);
  }
};

/// The standard deviation of all rewards of a call, as the total of one row.
template <class T, class Space>
struct batch_deviation_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_layout<Space> whole;
  cells<T const, Space> reward;
  int ddof;

  template <class Team>
  COHORT_HOST_DEVICE sum_of<double> operator()(Team const& team, index_t r) const {
    index_t const n = whole.length(r);
    return {moments_of<T>(team, reward.row(whole, r), n, whole, r).deviation(ddof)};
  }
};

} // namespace detail

COHORT_NAMESPACE_END
