// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

#include <cohort/advantage/detail/group_rows.hpp>
#include <cohort/advantage/detail/moments.hpp>
#include <cohort/advantage/group_report.hpp>
#include <cohort/advantage/normalization.hpp>

COHORT_NAMESPACE_BEGIN

/// One slot per group, each optional. With group_ids there are as many slots as samples: groups stand in ascending
/// order of their ids, and slots past the last group have count 0.
template <class Space>
struct group_statistics_outputs {
  optional_view<index_t, 1, Space> count{};
  optional_view<double, 1, Space> mean{};
  optional_view<double, 1, Space> std{};
  optional_view<double, 1, Space> min{};
  optional_view<double, 1, Space> max{};
  optional_view<std::uint8_t, 1, Space> zero_variance{};
  group_sums* report = nullptr; ///< in the context's memory; overwritten
};

template <class Space>
struct group_statistics_options {
  group_layout<Space> groups;
  int ddof = 1;
  cohort::non_finite non_finite = cohort::non_finite::refuse;
};

namespace detail {

/// The sums of one group, or of one group per lane.
template <class U>
COHORT_HOST_DEVICE COHORT_INLINE basic_group_sums<U> group_sums_of(row_moments<U> const& m, index_t n, U deviation,
                                                                   non_finite policy) {
  if (n == 0) return {};
  U const one(1), zero(0);
  auto const several = one < m.count;
  return {.groups = one,
          .zero_variance = lane_select(lane_and(several, m.constant()), one, zero),
          .singletons = lane_select(m.singleton(), one, zero),
          .samples = m.count,
          .excluded = m.excluded,
          .refused = policy == non_finite::refuse ? m.excluded : zero,
          .first_excluded = m.first_excluded,
          .reward = m.average() * m.count,
          .reward_std = deviation};
}

/// Writes a value per row where that output is wanted.
template <class Team, class X, class U>
COHORT_HOST_DEVICE void store_per_row(Team const& team, line<X> const& out, U value) {
  if (!out.p) return;
  team.for_each(1, [=]<class L>(L at, index_t c) COHORT_FLAT {
    using W = wide<typename L::type>;
    store(lane<W, L::in_row>{at.count}, out, c, W(value));
  });
}

template <class T, class Space>
struct group_statistics_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = true;

  row_layout<Space> groups;
  cells<T const, Space> reward;
  cells<index_t, Space> count;
  cells<double, Space> mean, std, min, max;
  cells<std::uint8_t, Space> zero_variance;
  int ddof;
  cohort::non_finite policy;

  template <class Team>
  COHORT_HOST_DEVICE auto operator()(Team const& team, index_t g) const {
    using U = typename Team::uniform;
    index_t const n = groups.length(g);
    auto const x = team.stage(0, reward.row(groups, g), n);
    auto const m = moments_of<T>(team, x, n, groups, g);
    U const deviation = m.deviation(ddof);
    auto const sums = group_sums_of(m, n, deviation, policy);
    auto const some = U(0) < m.count;
    auto const known = [&](U value) { return lane_select(some, value, U(not_a_number)); };
    store_per_row(team, count.row(groups, g), m.count);
    store_per_row(team, mean.row(groups, g), known(m.average()));
    store_per_row(team, std.row(groups, g), known(deviation));
    store_per_row(team, min.row(groups, g), known(m.low));
    store_per_row(team, max.row(groups, g), known(m.high));
    store_per_row(team, zero_variance.row(groups, g), sums.zero_variance);
    return sums;
  }
};

template <class T, class Space>
constexpr cells<T, Space> per_group(optional_view<T, 1, Space> const& x) {
  return row_cells<T, Space>(x.data, x.stride[0]);
}

} // namespace detail

/// The bytes of workspace of such a call: 8 (2 samples + 1) for group_ids, none elsewhere.
template <class Space>
[[nodiscard]] index_t group_statistics_workspace_bytes(index_t samples,
                                                       group_statistics_options<Space> const& options) {
  workspace_layout memory;
  detail::lay_out_groups(memory, options.groups, samples);
  return memory.bytes();
}

namespace detail {

/// Each output stands apart from the rewards, from what tells the groups and from the others.
template <class T, class Space>
status check_statistics_memory(checker const& check, view<T const, 1, Space> const& reward,
                               group_layout<Space> const& groups, group_statistics_outputs<Space> const& out) {
  constexpr int inputs = 2, arguments = 8;
  char const* const name[arguments] = {"reward", "groups", "count", "mean", "std", "min", "max", "zero_variance"};
  footprint const memory[arguments] = {footprint_of(reward),   footprint_of(groups.view),      footprint_of(out.count),
                                       footprint_of(out.mean), footprint_of(out.std),          footprint_of(out.min),
                                       footprint_of(out.max),  footprint_of(out.zero_variance)};
  for (int i = inputs; i < arguments; ++i) {
    if (folds_onto_itself(memory[i])) return check.writable(name[i], memory[i]);
    for (int j = 0; j < i; ++j)
      if (status const s = check.apart(name[i], memory[i], memory[j]); !s) return s;
  }
  return {};
}

} // namespace detail

/// The first rule that such a call breaks. On host contexts it reads offsets and rewards.
template <std::floating_point T, execution_context Context>
[[nodiscard]] status
check_group_statistics(Context& context, view<T const, 1, typename Context::memory_space> const& reward,
                       group_statistics_outputs<typename Context::memory_space> const& out,
                       group_statistics_options<typename Context::memory_space> const& options) noexcept {
  constexpr detail::checker check{"group_statistics"};
  index_t const samples = reward.extent[0], groups = options.groups.groups(samples);
  workspace_layout memory;
  detail::lay_out_groups(memory, options.groups, samples);
  status const shapes = detail::first_broken(
      {check.rows_of("reward", reward, samples), check.groups(options.groups, samples),
       check.vector("count", out.count, groups), check.vector("mean", out.mean, groups),
       check.vector("std", out.std, groups), check.vector("min", out.min, groups), check.vector("max", out.max, groups),
       check.vector("zero_variance", out.zero_variance, groups),
       detail::check_statistics_memory(check, reward, options.groups, out),
       detail::check_deviation(check, options.ddof, 0), check.workspace(context.scratch(), memory)});
  if (!shapes || options.non_finite == non_finite::exclude) return shapes;
  index_t const bad = detail::first_non_finite(reward);
  return check.rule(bad < 0, error_code::non_finite, "reward", "it is not finite", bad);
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Count, mean, standard deviation, range and zero-variance flag of the rewards of each group.
///
///   mean = sum r / n,   std = sqrt(sum (r - mean)^2 / (n - ddof)), 0 for n <= ddof
///
/// In double whatever the rewards' type, shifted by the minimum, two passes; the same bits for any order of a group's
/// samples. zero_variance is max == min over two or more samples, exactly. A group without usable rewards has NaN.
///
/// Shapes     reward: samples; outputs: groups.
/// Workspace  group_statistics_workspace_bytes(samples, options).
/// Errors     contract_error (check_group_statistics), nothing is written.
template <std::floating_point T, execution_context Context>
void group_statistics(Context& context, view<T const, 1, typename Context::memory_space> reward,
                      group_statistics_outputs<typename Context::memory_space> const& out,
                      group_statistics_options<typename Context::memory_space> const& options) {
  using space = typename Context::memory_space;
  if (!detail::require(check_group_statistics<T>(context, reward, out, options))) return;
  workspace_layout memory(context.scratch().data);
  auto const ids = detail::lay_out_groups(memory, options.groups, reward.extent[0]);
  auto const rows = detail::group_rows(context, options.groups, reward.extent[0], ids);
  detail::group_statistics_body<T, space> const body{rows,
                                                     run_cells<T const, space>(rows, reward.data, reward.stride[0]),
                                                     detail::per_group(out.count),
                                                     detail::per_group(out.mean),
                                                     detail::per_group(out.std),
                                                     detail::per_group(out.min),
                                                     detail::per_group(out.max),
                                                     detail::per_group(out.zero_variance),
                                                     options.ddof,
                                                     options.non_finite};
  context.template for_each_row<basic_group_sums>(rows, body, out.report);
}

COHORT_POLICY_END
