// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The body of kl_penalty: one row is one sequence.
#pragma once

#include <cohort/core/mask.hpp>
#include <cohort/core/team.hpp>
#include <cohort/formula/formula.hpp>
#include <cohort/reward/penalty_report.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class T, class Space, class Kl>
struct kl_penalty_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_layout<Space> rows;
  cells<T const, Space> log_prob, ref_log_prob, reward;
  mask_cells<T, Space> mask;
  cells<T, Space> penalized;
  Kl kl;

  template <class Team>
  COHORT_HOST_DEVICE penalty_sums operator()(Team const& team, index_t r) const {
    auto const layout = rows;
    auto const now = log_prob.row(rows, r), ref = ref_log_prob.row(rows, r), given = reward.row(rows, r);
    auto const valid = mask.row(rows, r);
    auto const out = penalized.row(rows, r);
    auto const estimator = kl;
    return team.template reduce<basic_penalty_sums>(rows.length(r), [=]<class L>(L at, index_t c) COHORT_FLAT {
      using V = typename L::type;
      V const zero(0);
      auto const m = load_mask<T>(at, valid, c);
      auto const some = [&](line<T const> const& x) COHORT_FLAT { return lane_select(m, load(at, x, c), zero); };
      V const value = estimator(some(now), some(ref)).value;
      V const penalty = estimator.beta != 0 ? lane_multiply(V(estimator.beta), value) : zero;
      V const left = (given.p ? some(given) : zero) - penalty;
      auto const good = lane_and(m, lane_abs(left) + lane_abs(value) <= V(largest<T>));
      auto const bad = lane_and(m, lane_not(good));
      store(at, out, c, lane_select(good, left, zero));
      return basic_penalty_sums<V>{lane_select(good, value, zero), lane_select(good, V(1), zero),
                                   lane_select(bad, V(1), zero), position_where(at, layout, r, c, bad)};
    });
  }
};

} // namespace detail

COHORT_NAMESPACE_END
