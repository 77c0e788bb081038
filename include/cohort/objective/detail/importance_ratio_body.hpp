// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The body of importance_ratio: one row is one sequence.
#pragma once

#include <cohort/objective/detail/token_ratio.hpp>
#include <cohort/objective/ratio_report.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// One sequence, opened.
template <class T, class Space>
struct ratio_row {
  row_layout<Space> rows;
  index_t r;
  token_pairs<T> policies;
  line<T> ratio;
  ratio_rule rule;
  double sequence_log_ratio = 0; ///< sequence levels only

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto ratio_term(L at, index_t c) const {
    using V = typename L::type;
    V const zero(0), one(1);
    auto const x = policies.read(at, c);
    auto const given = rule(x.log_ratio, sequence_log_ratio);
    // Within what the call's type holds, so that a reference in double excludes the same tokens.
    auto const good = lane_and(x.usable, given.ratio <= V(largest<T>));
    auto const bad = lane_and(x.valid, lane_not(good));
    auto const counted = [&](V v, V otherwise) COHORT_FLAT { return lane_select(good, v, otherwise); };
    V const written = counted(given.ratio, zero);
    if (ratio.p) store(at, ratio, c, written);
    return basic_ratio_sums<V>{
        written,
        counted(given.ratio, V(infinity)),
        counted(given.ratio, V(-infinity)),
        lane_select(lane_and(good, lane_is_finite(given.log_ratio)), zero - given.log_ratio, zero),
        counted(one, zero),
        zero,
        lane_select(bad, one, zero),
        position_where(at, rows, r, c, bad)};
  }
};

/// importance_ratio over one sequence.
template <class T, class Space>
struct importance_ratio_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_layout<Space> rows;
  cells<T const, Space> log_prob, old_log_prob;
  mask_cells<T, Space> mask;
  cells<T, Space> ratio, sequence_ratio;
  ratio_rule rule;

  template <class Team>
  COHORT_HOST_DEVICE ratio_sums operator()(Team const& team, index_t r) const {
    index_t const n = rows.length(r);
    ratio_row<T, Space> row{
        rows, r, {log_prob.row(rows, r), old_log_prob.row(rows, r), mask.row(rows, r)}, ratio.row(rows, r), rule};
    if (rule.level != ratio_level::token)
      row.sequence_log_ratio = row.policies.template sums<true>(team, n, row.policies.runs()).whole(rule.level);
    auto sums = team.template reduce<basic_ratio_sums>(n, [row]<class L>(L at, index_t c)
                                                              COHORT_FLAT { return row.ratio_term(at, c); });
    if (sums.tokens > 0) sums.sequences = 1;
    T* const place = sequence_ratio.row(rows, r).p;
    double const shared = sums.tokens > 0 ? sums.ratio_max : 0; // the same bits as its tokens'
    if (sequence_ratio.given()) team.once([=]() COHORT_FLAT { narrow(place, shared); });
    return sums;
  }
};

} // namespace detail

COHORT_NAMESPACE_END
