// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/advantage/detail/moment_bodies.hpp>
#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct moments_inputs {
  token_layout<Space> layout;
  token_view<T const, Space> values;
  mask_view<T, Space> mask{};
};

namespace detail {

struct moments_workspace {
  centred_sums<double>* values = nullptr;
  deviation_sums<double>* deviations = nullptr;
};

inline moments_workspace lay_out_moments(workspace_layout& memory) {
  auto* const values = memory.take<centred_sums<double>>(1);
  return {values, memory.take<deviation_sums<double>>(1)};
}

template <class Inputs>
status check_values(checker const& check, Inputs const& in) {
  index_t const tokens = in.values.extent[0];
  return first_broken({check.layout(in.layout), check.tokens("values", in.layout, in.values, tokens),
                       check.tokens("mask", in.layout, in.mask, tokens),
                       check.offsets("layout", in.layout.rows.offsets, tokens)});
}

template <class T, class Space, class Inputs>
token_values<T, Space> values_of(Inputs const& in) {
  return {in.layout.rows, token_cells(in.layout, in.values), token_mask(in.layout, in.mask)};
}

template <class T, class Context, class Space>
COHORT_HIDDEN void gather_moments(Context& context, token_values<T, Space> const& tokens,
                                  moments_workspace const& memory, moment_sums* out) {
  context.template for_each_row<centred_sums>(tokens.rows, value_sum_body<T, Space>{tokens}, memory.values);
  context.template for_each_row<deviation_sums>(tokens.rows, value_deviation_body<T, Space>{tokens, memory.values},
                                                memory.deviations);
  context.template for_each_row<nothing>(row_layout<Space>{.rows = 1, .width = 1},
                                         moment_body{memory.values, memory.deviations, out},
                                         static_cast<nothing<double>*>(nullptr));
}

} // namespace detail

/// The bytes of workspace of any such call: 128.
[[nodiscard]] inline index_t moments_workspace_bytes() {
  workspace_layout memory;
  detail::lay_out_moments(memory);
  return memory.bytes();
}

/// The first rule that such a call breaks. Reads no token.
template <std::floating_point T, execution_context Context>
[[nodiscard]] status check_moments(Context& context, moments_inputs<T, typename Context::memory_space> const& in,
                                   moment_sums const* out) noexcept {
  constexpr detail::checker check{"moments"};
  workspace_layout memory;
  detail::lay_out_moments(memory);
  return detail::first_broken(
      {detail::check_values(check, in),
       check.rule(out != nullptr, error_code::null_data, "moments", "there is nowhere to write"),
       check.workspace(context.scratch(), memory)});
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Count, mean and sum of squared deviations of the valid tokens of a batch, in double.
///
///   moments of several parts, ranks or micro-batches: merge(a, b)
///
/// Two passes, and the second corrects the first. The mean of equal values is that value, their deviation 0, exactly.
///
/// Shapes     values, mask: rows x columns, or packed tokens; out: in the context's memory.
/// Workspace  moments_workspace_bytes().
/// Errors     contract_error (check_moments), nothing is written. A valid token whose value is not finite is left out
///            and counted.
/// Source     Chan, Golub, LeVeque 1979 (Stanford STAN-CS-79-773).
template <std::floating_point T, execution_context Context>
void moments(Context& context, moments_inputs<T, typename Context::memory_space> const& in, moment_sums* out) {
  using space = typename Context::memory_space;
  if (!detail::require(check_moments<T>(context, in, out))) return;
  workspace_layout memory(context.scratch().data);
  detail::gather_moments(context, detail::values_of<T, space>(in), detail::lay_out_moments(memory), out);
}

COHORT_POLICY_END
