// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The body of value_loss: one row is one sequence.
#pragma once

#include <cohort/objective/detail/batch_count.hpp>
#include <cohort/objective/value_report.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// One sequence, opened.
template <class T, class Space, class Formula>
struct value_row {
  row_layout<Space> rows;
  index_t r;
  line<T const> value, old_value, returns;
  mask_line mask;
  line<T> d_value;
  Formula formula;
  double weight;

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto loss_term(L at, index_t c) const {
    using V = typename L::type;
    using W = wide<V>;
    V const zero(0), one(1);
    auto const valid = load_mask<T>(at, mask, c);
    auto const given = [&](line<T const> const& from)
                           COHORT_FLAT { return lane_select(valid, load(at, from, c), zero); };
    V const now = given(value), target = given(returns), old = old_value.p ? given(old_value) : zero;
    auto const term = formula(now, old, target);
    // Within what the call's type holds, so that a reference in double excludes the same tokens.
    V const size = lane_abs(term.value) + lane_abs(term.slope);
    auto const good =
        lane_and(lane_and(valid, lane_is_finite(old)), lane_and(finite(now, target), size <= V(largest<T>)));
    auto const bad = lane_and(valid, lane_not(good));
    store(at, d_value, c, lane_select(good, lane_multiply(term.slope, V(weight)), zero));
    auto const counted = [&](V x) COHORT_FLAT { return lane_select(good, x, zero); };
    W const aim = lane_cast<W>(counted(target)), error = aim - lane_cast<W>(counted(now));
    return basic_value_sums<V>{counted(lane_multiply(term.value, V(weight))),
                               counted(now),
                               counted(term.clipped),
                               counted(one),
                               zero,
                               lane_select(bad, one, zero),
                               position_where(at, rows, r, c, bad),
                               aim,
                               lane_multiply(aim, aim),
                               error,
                               lane_multiply(error, error)};
  }

private:
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE static auto finite(V a, V b) {
    return lane_and(lane_is_finite(a), lane_is_finite(b));
  }
};

/// value_loss over one sequence.
template <class T, class Space, class Formula>
struct value_loss_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_layout<Space> rows;
  cells<T const, Space> value, old_value, returns;
  mask_cells<T, Space> mask;
  cells<T, Space> d_value;
  Formula formula;
  cohort::normalizer normalizer;

  template <class Team>
  COHORT_HOST_DEVICE value_sums operator()(Team const& team, index_t r) const {
    bool const by_means = normalizer.kind == normalizer_kind::sequence_means;
    double const row_tokens = by_means ? batch_count_body<T, Space>{rows, mask}(team, r).tokens : 1;
    value_row<T, Space, Formula> const row{rows,
                                           r,
                                           value.row(rows, r),
                                           old_value.row(rows, r),
                                           returns.row(rows, r),
                                           mask.row(rows, r),
                                           d_value.row(rows, r),
                                           formula,
                                           token_weight<T>(normalizer, row_tokens)};
    auto sums = team.template reduce<basic_value_sums>(
        rows.length(r), [row]<class L>(L at, index_t c) COHORT_FLAT { return row.loss_term(at, c); });
    if (!(row.weight > 0)) sums.unweighted = sums.tokens;
    return sums;
  }
};

} // namespace detail

COHORT_NAMESPACE_END
