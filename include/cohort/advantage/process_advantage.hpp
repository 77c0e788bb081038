// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/advantage/detail/group_rows.hpp>
#include <cohort/advantage/detail/process_advantage_body.hpp>
#include <cohort/advantage/process_steps.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct process_advantage_inputs {
  token_layout<Space> layout;
  process_steps<T, Space> steps;
  mask_view<T, Space> mask{};
};

template <class T, class Space>
struct process_advantage_outputs {
  token_view<T, Space> advantage;
  group_sums* report = nullptr; ///< in the context's memory; overwritten. Its samples are steps
};

/// As published: population standard deviation, nothing added to it.
template <class Space>
struct process_advantage_options {
  group_layout<Space> groups; ///< over sequences
  int ddof = 0;
  double epsilon = 0;
  cohort::epsilon_place epsilon_place = cohort::epsilon_place::added;
  cohort::non_finite non_finite = cohort::non_finite::refuse;
};

namespace detail {

struct process_workspace {
  group_workspace groups;
  sequence_moments moments;
};

template <class Space>
process_workspace lay_out(workspace_layout& memory, index_t sequences,
                          process_advantage_options<Space> const& options) {
  auto const groups = lay_out_groups(memory, options.groups, sequences);
  auto const room = [&] { return memory.take<double>(sequences); };
  return {groups, {room(), room(), room(), room(), room(), room(), room(), room(), room()}};
}

/// Steps of a list end inside their sequences, and their rewards are finite. Read on the host only.
template <class T, class Space>
status check_step_list(checker const& check, process_advantage_inputs<T, Space> const& in, non_finite policy) {
  if constexpr (host_readable<Space>) {
    auto const& s = in.steps;
    for (index_t r = 0; r + 1 < s.offsets.extent; ++r)
      for (index_t j = s.offsets[r]; j < s.offsets[r + 1]; ++j) {
        index_t const length = in.layout.rows.length(r);
        if (s.ends[j] < 0 || s.ends[j] >= length)
          return check.differs(error_code::bad_step, "step_end", "a step ends inside its sequence",
                               as_double(s.ends[j]), as_double(length), j);
        if (policy == non_finite::refuse && !lane_is_finite(s.list.data[j * s.list.stride[0]]))
          return check.broken(error_code::non_finite, "step_reward", "it is not finite", j);
      }
  }
  return {};
}

template <class T, class Space>
status check_list(checker const& check, process_advantage_inputs<T, Space> const& in, non_finite policy) {
  auto const& s = in.steps;
  index_t const sequences = in.layout.rows.rows, steps = s.list.extent[0];
  status const shapes =
      first_broken({check.indices("step_offsets", s.offsets, sequences + 1), check.vector("step_reward", s.list, steps),
                    check.indices("step_end", s.ends, steps), check.offsets("step_offsets", s.offsets, steps)});
  return shapes ? check_step_list(check, in, policy) : shapes;
}

} // namespace detail

/// The bytes of workspace of such a call: 72 per sequence, and 8 (2 sequences + 1) for group_ids.
template <class Space>
[[nodiscard]] index_t process_advantage_workspace_bytes(index_t sequences,
                                                        process_advantage_options<Space> const& options) {
  workspace_layout memory;
  detail::lay_out(memory, sequences, options);
  return memory.bytes();
}

/// The first rule that such a call breaks. On host contexts it reads offsets and step lists; it reads no dense reward.
template <std::floating_point T, execution_context Context>
[[nodiscard]] status
check_process_advantage(Context& context, process_advantage_inputs<T, typename Context::memory_space> const& in,
                        process_advantage_outputs<T, typename Context::memory_space> const& out,
                        process_advantage_options<typename Context::memory_space> const& options) noexcept {
  constexpr detail::checker check{"process_advantage"};
  index_t const sequences = in.layout.rows.rows, tokens = out.advantage.extent[0];
  workspace_layout memory;
  detail::lay_out(memory, sequences, options);
  status const shapes = detail::first_broken(
      {check.layout(in.layout), check.tokens("advantage", in.layout, out.advantage, tokens),
       check.tokens("mask", in.layout, in.mask, tokens),
       check.tokens("token_reward", in.layout, in.steps.dense, tokens),
       check.tokens("step_mask", in.layout, in.steps.mask, tokens),
       check.offsets("layout", in.layout.rows.offsets, tokens), check.groups(options.groups, sequences),
       detail::check_deviation(check, options.ddof, options.epsilon), check.workspace(context.scratch(), memory),
       check.disjoint("advantage", out.advantage, in.steps.dense),
       check.output("advantage", in.layout, out.advantage, in.mask),
       check.apart("advantage", detail::footprint_of(out.advantage), detail::footprint_of(in.steps.mask)),
       check.apart("advantage", detail::footprint_of(out.advantage), detail::footprint_of(in.steps.list)),
       check.apart("advantage", detail::footprint_of(out.advantage), detail::footprint_of(in.steps.offsets)),
       check.apart("advantage", detail::footprint_of(out.advantage), detail::footprint_of(in.steps.ends)),
       check.apart("advantage", detail::footprint_of(out.advantage), detail::footprint_of(options.groups.view))});
  if (!shapes || !in.steps.is_list()) return shapes;
  return detail::check_list(check, in, options.non_finite);
}

namespace detail {

template <class T, class Space>
step_cells<T, Space> steps_of(process_advantage_inputs<T, Space> const& in) {
  auto const& s = in.steps;
  if (!s.is_list())
    return {in.layout.rows, token_cells(in.layout, s.dense), token_mask(in.layout, s.mask),
            token_mask(in.layout, in.mask)};
  row_layout<Space> const rows{.rows = in.layout.rows.rows, .offsets = s.offsets};
  return {rows, run_cells<T const, Space>(rows, s.list.data, s.list.stride[0]), {}, {}};
}

/// Mean, then factor, of all steps of each group, at every sequence.
template <class T, class Context, class Space>
COHORT_HIDDEN void normalize_groups(Context& context, step_cells<T, Space> const& steps,
                                    sequence_group<Space> const& group, sequence_moments const& moments,
                                    group_convention const& convention, group_sums* report) {
  nothing<double>* const unread = nullptr;
  context.template for_each_row<nothing>(steps.rows, step_range_body<T, Space>{steps, moments}, unread);
  context.template for_each_row<nothing>(group.groups, group_range_body<Space>{group, moments}, unread);
  context.template for_each_row<nothing>(steps.rows, step_sum_body<T, Space>{steps, moments, 1}, unread);
  context.template for_each_row<nothing>(group.groups, group_mean_body<Space>{group, moments}, unread);
  context.template for_each_row<nothing>(steps.rows, step_sum_body<T, Space>{steps, moments, 2}, unread);
  context.template for_each_row<basic_group_sums>(group.groups, group_factor_body<Space>{group, moments, convention},
                                                  report);
}

} // namespace detail

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Process-supervised advantages as DeepSeekMath publishes them.
///
///   R             all step rewards of all sequences of the group
///   r'            (r - mean R) / std R
///   advantage[t]  sum of r' over the steps of the sequence that end at token t or after it
///
/// Statistics in double, shifted by the minimum, two passes, order-free: permuting the sequences of a group permutes
/// the advantages bit for bit. A group whose step rewards are all equal gives exactly 0. Steps may be ragged; a
/// sequence may have none. Masked tokens get 0; the steps of a list count wherever they end, a dense reward under the
/// mask does not.
///
/// Shapes     advantage, mask, token_reward, step_mask: rows x columns, or packed tokens; step_offsets: rows + 1.
/// Aliasing   advantage may be token_reward.
/// Workspace  process_advantage_workspace_bytes(sequences, options).
/// Errors     contract_error (check_process_advantage), nothing is written. A dense reward that is not finite is left
///            out and counted in the report, where `read` fails unless the policy is non_finite::exclude.
/// Source     Shao et al. 2024 (arXiv 2402.03300), 4.1.3.
template <std::floating_point T, execution_context Context>
void process_advantage(Context& context, process_advantage_inputs<T, typename Context::memory_space> const& in,
                       process_advantage_outputs<T, typename Context::memory_space> const& out,
                       process_advantage_options<typename Context::memory_space> const& options) {
  using space = typename Context::memory_space;
  if (!detail::require(check_process_advantage<T>(context, in, out, options))) return;
  workspace_layout memory(context.scratch().data);
  auto const workspace = detail::lay_out(memory, in.layout.rows.rows, options);
  auto const rows = detail::group_rows(context, options.groups, in.layout.rows.rows, workspace.groups);
  auto const steps = detail::steps_of(in);
  detail::group_convention const convention{
      baseline::mean,        scale::group_std, options.ddof,       options.epsilon,
      options.epsilon_place, singleton::zero,  options.non_finite, nullptr};
  detail::normalize_groups(context, steps, detail::sequence_group<space>{rows}, workspace.moments, convention,
                           out.report);
  detail::step_suffix_body<T, space> const body{
      in.layout.rows,   token_mask(in.layout, in.mask), token_cells(in.layout, out.advantage), steps, in.steps.ends,
      workspace.moments};
  context.template for_each_row<nothing>(in.layout.rows, body, static_cast<nothing<double>*>(nullptr));
}

COHORT_POLICY_END
