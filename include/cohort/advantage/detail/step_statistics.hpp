// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Statistics over all steps of a group, in two levels: sequences over their steps, then groups over their sequences.
///
/// Sums are order-free at both levels, so a permutation of the sequences permutes the advantages bit for bit.
#pragma once

#include <cohort/advantage/detail/group_advantage_body.hpp>
#include <cohort/advantage/detail/moments.hpp>
#include <cohort/advantage/group_report.hpp>
#include <cohort/advantage/normalization.hpp>
#include <cohort/core/mask.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// One slot per sequence each: first of its own steps, then of its group.
struct sequence_moments {
  double* low;
  double* high;
  double* count;
  double* excluded;
  double* first_excluded;
  double* mean; ///< above low, in units of the group's range (reward_scale)
  double* first;
  double* second;
  double* factor; ///< a normalised reward is (distance - mean) * factor
};

/// The step rewards of one sequence after the other: its steps, or its tokens where a step ends.
template <class T, class Space>
struct step_cells {
  row_layout<Space> rows;
  cells<T const, Space> reward;
  mask_cells<T, Space> step;
  mask_cells<T, Space> token;
};

/// One sequence of them, opened.
template <class T>
struct step_line {
  line<T const> reward;
  mask_line step;
  mask_line token;

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto given(L at, index_t c) const {
    return lane_and(load_mask<T>(at, step, c), load_mask<T>(at, token, c));
  }
  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto read(L at, index_t c) const {
    using V = typename L::type;
    return lane_select(given(at, c), load(at, reward, c), V(0));
  }
};

template <class T, class Space>
COHORT_HOST_DEVICE step_line<T> open_steps(step_cells<T, Space> const& x, index_t r) {
  return {x.reward.row(x.rows, r), x.step.row(x.rows, r), x.token.row(x.rows, r)};
}

/// Per sequence: count and range of its steps.
template <class T, class Space>
struct step_range_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;
  step_cells<T, Space> steps;
  sequence_moments out;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t r) const {
    auto const x = open_steps(steps, r);
    auto const rows = steps.rows;
    auto const s = team.template reduce<range_sums>(rows.length(r), [=]<class L>(L at, index_t c) COHORT_FLAT {
      return range_term(at, rows, r, c, x.read(at, c), x.given(at, c));
    });
    auto const to = out;
    team.once([=] {
      to.low[r] = s.low;
      to.high[r] = s.high;
      to.count[r] = s.count;
      to.excluded[r] = s.excluded;
      to.first_excluded[r] = s.first_excluded;
    });
    return {};
  }
};

/// Per sequence: the order-free sum of its steps' deviations from the group's low (power 1) or of the squares of those
/// from the group's mean (power 2).
template <class T, class Space>
struct step_sum_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;
  step_cells<T, Space> steps;
  sequence_moments at_sequence;
  int power;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t r) const {
    auto const x = open_steps(steps, r);
    reward_scale<double> const scale(at_sequence.low[r], at_sequence.high[r]);
    double const width = scale.width;
    double const shift = power == 1 ? 0 : at_sequence.mean[r];
    bool const squared = power == 2;
    sum_grid<double> const grid(squared ? width * width : width, lane_max(at_sequence.count[r], 1.0));
    auto const s =
        team.template reduce<order_free_sum>(steps.rows.length(r), [=]<class L>(L at, index_t c) COHORT_FLAT {
          using W = wide<typename L::type>;
          using V = typename L::type;
          W const value = lane_cast<W>(x.read(at, c));
          W const given = lane_cast<W>(lane_select(x.given(at, c), V(1), V(0)));
          W const deviation = scale.distance(value) - W(shift);
          W const term = squared ? lane_multiply(deviation, deviation) : deviation;
          auto const live = lane_and(given != W(0), lane_is_finite(value));
          return on_grid(lane_select(live, term, W(0)), grid);
        });
    auto const to = at_sequence;
    team.once([=] {
      to.first[r] = s.first;
      to.second[r] = s.second;
    });
    return {};
  }
};

/// Groups over sequences: what one group's sequences have in common is written to all of them.
template <class Space>
struct sequence_group {
  row_layout<Space> groups;

  [[nodiscard]] COHORT_HOST_DEVICE line<double> open(double* x, index_t g) const {
    return run_cells<double, Space>(groups, x, 1).row(groups, g);
  }
  /// What all its sequences share.
  [[nodiscard]] COHORT_HOST_DEVICE double shared(double* x, index_t g) const {
    return load(lane<double, true>{1}, open(x, g), 0);
  }
  template <class Team>
  COHORT_HOST_DEVICE void broadcast(Team const& team, double* x, index_t g, double value) const {
    auto const out = open(x, g);
    team.for_each(groups.length(g),
                  [=]<class L>(L at, index_t c) COHORT_FLAT { store(at, out, c, typename L::type(value)); });
  }
};

/// Per group: count and range of all its steps.
template <class Space>
struct group_range_body {
  using compute_type = double;
  static constexpr bool rows_in_lanes = false;
  sequence_group<Space> group;
  sequence_moments at_sequence;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t g) const {
    auto const low = group.open(at_sequence.low, g), high = group.open(at_sequence.high, g);
    auto const count = group.open(at_sequence.count, g), excluded = group.open(at_sequence.excluded, g);
    auto const first = group.open(at_sequence.first_excluded, g);
    auto const s = team.template reduce<range_sums>(group.groups.length(g), [=]<class L>(L at, index_t c) COHORT_FLAT {
      using V = typename L::type;
      return range_sums<V>{load(at, low, c), load(at, high, c), load(at, count, c), load(at, excluded, c),
                           load(at, first, c)};
    });
    bool const some = s.count > 0;
    group.broadcast(team, at_sequence.low, g, some ? s.low : 0);
    group.broadcast(team, at_sequence.high, g, some ? s.high : 0);
    group.broadcast(team, at_sequence.count, g, s.count);
    group.broadcast(team, at_sequence.excluded, g, s.excluded);
    group.broadcast(team, at_sequence.first_excluded, g, s.first_excluded);
    return {};
  }
};

template <class Team, class Space>
COHORT_HOST_DEVICE double group_sum(Team const& team, sequence_group<Space> const& group, sequence_moments const& x,
                                    index_t g) {
  auto const first = group.open(x.first, g), second = group.open(x.second, g);
  auto const s =
      team.template reduce<order_free_sum>(group.groups.length(g), [=]<class L>(L at, index_t c) COHORT_FLAT {
        return order_free_sum<typename L::type>{load(at, first, c), load(at, second, c)};
      });
  return s.first + s.second;
}

/// Per group: the mean of all its steps, above the low.
template <class Space>
struct group_mean_body {
  using compute_type = double;
  static constexpr bool rows_in_lanes = false;
  sequence_group<Space> group;
  sequence_moments at_sequence;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t g) const {
    if (group.groups.length(g) == 0) return {};
    double const count = group.shared(at_sequence.count, g);
    group.broadcast(team, at_sequence.mean, g, group_sum(team, group, at_sequence, g) / lane_max(count, 1.0));
    return {};
  }
};

/// Per group: the factor, and what the group adds to the report.
template <class Space>
struct group_factor_body {
  using compute_type = double;
  static constexpr bool rows_in_lanes = false;
  sequence_group<Space> group;
  sequence_moments at_sequence;
  group_convention convention;

  template <class Team>
  COHORT_HOST_DEVICE group_sums operator()(Team const& team, index_t g) const {
    index_t const n = group.groups.length(g);
    if (n == 0) return {};
    auto const& x = at_sequence;
    double const square = group_sum(team, group, x, g);
    double const low = group.shared(x.low, g), high = group.shared(x.high, g);
    row_moments<double> const m{group.shared(x.count, g),
                                low,
                                high,
                                reward_scale<double>(low, high).unit,
                                group.shared(x.mean, g),
                                square,
                                group.shared(x.excluded, g),
                                group.shared(x.first_excluded, g)};
    double const deviation = m.deviation(convention.ddof);
    group.broadcast(team, x.factor, g, convention.transform(m, deviation).factor);
    return group_sums_of(m, n, deviation, convention.policy);
  }
};

} // namespace detail

COHORT_NAMESPACE_END
