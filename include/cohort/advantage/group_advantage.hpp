// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/advantage/detail/group_advantage_body.hpp>
#include <cohort/advantage/detail/group_rows.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct group_advantage_outputs {
  view<T, 1, Space> advantage;
  group_sums* report = nullptr; ///< in the context's memory; overwritten
};

template <class Space>
struct group_advantage_options {
  group_layout<Space> groups;
  cohort::baseline baseline = cohort::baseline::mean;
  cohort::scale scale = cohort::scale::group_std;
  int ddof = 1;
  double epsilon = 1e-6;
  cohort::epsilon_place epsilon_place = cohort::epsilon_place::added;
  cohort::singleton singleton = cohort::singleton::zero;
  cohort::non_finite non_finite = cohort::non_finite::refuse;
};

namespace detail {

struct group_advantage_workspace {
  group_workspace groups;
  sum_of<double>* batch_deviation = nullptr;
};

template <class Space>
group_advantage_workspace lay_out(workspace_layout& memory, index_t samples,
                                  group_advantage_options<Space> const& options) {
  auto const groups = lay_out_groups(memory, options.groups, samples);
  return {groups, options.scale == scale::batch_std ? memory.take<sum_of<double>>(1) : nullptr};
}

/// The data that a check reads on the host: rewards, and the sizes of the groups where a group of one is refused.
template <std::floating_point T, class Context, class Space>
COHORT_HIDDEN status check_group_data(Context& context, checker const& check, view<T const, 1, Space> const& reward,
                                      group_advantage_options<Space> const& options) {
  index_t const samples = reward.extent[0];
  if (options.non_finite == non_finite::refuse)
    if (index_t const bad = first_non_finite(reward); bad >= 0)
      return check.broken(error_code::non_finite, "reward", "it is not finite", bad);
  if (options.singleton != singleton::refuse) return {};
  workspace_layout memory(context.scratch().data);
  index_t const single = first_singleton(context, options.groups, reward, lay_out(memory, samples, options).groups);
  return check.rule(single < 0, error_code::small_group, "groups", "a group has one usable sample", single);
}

} // namespace detail

/// The bytes of workspace of such a call: 8 (2 samples + 1) for group_ids, 64 more for scale::batch_std.
template <class Space>
[[nodiscard]] index_t group_advantage_workspace_bytes(index_t samples, group_advantage_options<Space> const& options) {
  workspace_layout memory;
  detail::lay_out(memory, samples, options);
  return memory.bytes();
}

/// The first rule that such a call breaks. On host contexts it reads offsets, ids and rewards, all before the first
/// write to an output.
template <std::floating_point T, execution_context Context>
[[nodiscard]] status
check_group_advantage(Context& context, view<T const, 1, typename Context::memory_space> const& reward,
                      group_advantage_outputs<T, typename Context::memory_space> const& out,
                      group_advantage_options<typename Context::memory_space> const& options) noexcept {
  constexpr detail::checker check{"group_advantage"};
  index_t const samples = reward.extent[0];
  workspace_layout memory;
  detail::lay_out(memory, samples, options);
  status const shapes = detail::first_broken(
      {check.rows_of("reward", reward, samples), check.rows_of("advantage", out.advantage, samples),
       check.groups(options.groups, samples), detail::check_deviation(check, options.ddof, options.epsilon),
       check.workspace(context.scratch(), memory), check.disjoint("advantage", out.advantage, reward),
       check.apart("advantage", detail::footprint_of(out.advantage), detail::footprint_of(options.groups.view)),
       check.writable("advantage", out.advantage)});
  return shapes ? detail::check_group_data<T>(context, check, reward, options) : shapes;
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Outcome advantages: each reward against its own group.
///
///   advantage = (reward - baseline) / deviation
///
///   baseline   mean of the group, or of its other samples (leave_one_out: n / (n - 1) * (reward - mean))
///   deviation  std + epsilon | sqrt(variance + epsilon) | max(std, epsilon), of the group or of all rewards, or 1
///
/// Statistics in double, shifted by the minimum, two passes; permuting the samples permutes the advantages bit for bit.
/// A group of equal rewards gives exactly 0, a group of one what `singleton` says, an excluded reward 0.
///
/// Shapes     reward, advantage: samples.
/// Aliasing   advantage may be reward.
/// Workspace  group_advantage_workspace_bytes(samples, options).
/// Errors     contract_error (check_group_advantage), nothing is written.
/// Source     Shao et al. 2024 (arXiv 2402.03300), 4.1.2; Ahmadian et al. 2024 (arXiv 2402.14740) for leave_one_out;
///            Liu et al. 2025 (arXiv 2503.20783) for scale::none.
template <std::floating_point T, execution_context Context>
void group_advantage(Context& context, view<T const, 1, typename Context::memory_space> reward,
                     group_advantage_outputs<T, typename Context::memory_space> const& out,
                     group_advantage_options<typename Context::memory_space> const& options) {
  using space = typename Context::memory_space;
  if (!detail::require(check_group_advantage<T>(context, reward, out, options))) return;
  index_t const samples = reward.extent[0];
  workspace_layout memory(context.scratch().data);
  auto const workspace = detail::lay_out(memory, samples, options);
  auto const rows = detail::group_rows(context, options.groups, samples, workspace.groups);
  if (workspace.batch_deviation) {
    row_layout<space> const whole{.rows = 1, .width = samples};
    detail::batch_deviation_body<T, space> const body{
        whole, run_cells<T const, space>(whole, reward.data, reward.stride[0]), options.ddof};
    context.template for_each_row<sum_of>(whole, body, workspace.batch_deviation);
  }
  detail::group_advantage_body<T, space> const body{
      rows,
      run_cells<T const, space>(rows, reward.data, reward.stride[0]),
      run_cells<T, space>(rows, out.advantage.data, out.advantage.stride[0]),
      {options.baseline, options.scale, options.ddof, options.epsilon, options.epsilon_place, options.singleton,
       options.non_finite, workspace.batch_deviation}};
  context.template for_each_row<basic_group_sums>(rows, body, out.report);
}

/// The same with the value type taken from the tensors.
template <execution_context Context, tensor Rewards, tensor Advantages>
void group_advantage(Context& context, Rewards const& reward, Advantages&& advantage,
                     group_advantage_options<typename Context::memory_space> const& options) {
  using T = value_of<Rewards>;
  static_assert(std::floating_point<T>, "cohort: rewards are float or double");
  if constexpr (std::floating_point<T>) {
    group_advantage_outputs<T, typename Context::memory_space> const out{advantage};
    group_advantage<T>(context, view<T const, 1, typename Context::memory_space>(reward), out, options);
  }
}

COHORT_POLICY_END
