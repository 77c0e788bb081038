// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The last body of process_advantage: normalised step rewards, summed from each token onward.
#pragma once

#include <cohort/advantage/detail/step_statistics.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// The sum of what stands at a token and after it.
template <class V>
struct suffix_sum {
  wide<V> sum = wide<V>(0);
  friend COHORT_HOST_DEVICE COHORT_INLINE suffix_sum compose(suffix_sum a, suffix_sum b) { return {a.sum + b.sum}; }
};

/// Per sequence: normalised rewards at the tokens where steps end, then their sum from each token onward.
template <class T, class Space>
struct step_suffix_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;
  row_layout<Space> tokens;
  mask_cells<T, Space> mask;
  cells<T, Space> advantage;
  step_cells<T, Space> steps;
  index_view<Space> ends; ///< of a list; dense rewards stand at their tokens already
  sequence_moments at_sequence;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t r) const {
    index_t const n = tokens.length(r);
    auto const out = advantage.row(tokens, r);
    auto const valid = mask.row(tokens, r);
    if (ends.given)
      scatter(team, out, n, r);
    else
      normalize(team, out, n, r);
    team.template scan_reverse<suffix_sum>(
        n,
        [=]<class L>(L at, index_t c) COHORT_FLAT {
          using V = typename L::type;
          return suffix_sum<V>{lane_cast<wide<V>>(load(at, out, c))};
        },
        [=]<class L, class E>(L at, index_t c, E const& state) COHORT_FLAT {
          using V = typename L::type;
          store(at, out, c, lane_select(load_mask<T>(at, valid, c), lane_cast<V>(state.sum), V(0)));
        });
    return {};
  }

private:
  template <class Team>
  COHORT_HOST_DEVICE void normalize(Team const& team, line<T> out, index_t n, index_t r) const {
    auto const x = open_steps(steps, r);
    double const mean = at_sequence.mean[r], factor = at_sequence.factor[r];
    reward_scale<double> const scale(at_sequence.low[r], at_sequence.high[r]);
    team.for_each(n, [=]<class L>(L at, index_t c) COHORT_FLAT {
      using V = typename L::type;
      using W = wide<V>;
      V const reward = x.read(at, c);
      V const normalized = lane_cast<V>((scale.distance(lane_cast<W>(reward)) - W(mean)) * W(factor));
      store(at, out, c, lane_select(lane_and(x.given(at, c), lane_is_finite(reward)), normalized, V(0)));
    });
  }

  template <class Team>
  COHORT_HOST_DEVICE void scatter(Team const& team, line<T> out, index_t n, index_t r) const {
    team.for_each(n, [=]<class L>(L at, index_t c) COHORT_FLAT { store(at, out, c, typename L::type(0)); });
    index_t const first = steps.rows.first(r), last = first + steps.rows.length(r);
    auto const reward = steps.reward;
    auto const end_of = ends;
    double const mean = at_sequence.mean[r], factor = at_sequence.factor[r];
    reward_scale<double> const scale(at_sequence.low[r], at_sequence.high[r]);
    team.once([=] {
      for (index_t j = first; j < last; ++j) {
        index_t const end = end_of[j];
        double const value = static_cast<double>(reward.data[j * reward.column_stride]);
        if (end >= 0 && end < n && lane_is_finite(value))
          out.p[end * out.step] += static_cast<T>((scale.distance(value) - mean) * factor);
      }
    });
  }
};

} // namespace detail

COHORT_NAMESPACE_END
