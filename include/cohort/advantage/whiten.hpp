// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/advantage/moments.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct whiten_inputs {
  token_layout<Space> layout;
  token_view<T const, Space> values;
  mask_view<T, Space> mask{};
};

template <class T, class Space>
struct whiten_outputs {
  token_view<T, Space> whitened;
  moment_sums* report = nullptr; ///< the moments that were used, in the context's memory; overwritten
};

struct whiten_options {
  int ddof = 1;
  double epsilon = 1e-8;
  cohort::epsilon_place epsilon_place = cohort::epsilon_place::inside_root;
  bool shift_mean = true;               ///< false keeps the mean (TRL, verl; torchtune's flag means the opposite)
  moment_sums const* moments = nullptr; ///< those of the whole, in the context's memory; those of the call where null
};

namespace detail {

struct whiten_workspace {
  moments_workspace passes;
  moment_sums* moments = nullptr;
};

inline whiten_workspace lay_out(workspace_layout& memory, whiten_options const& options) {
  if (options.moments) return {};
  auto const passes = lay_out_moments(memory);
  return {passes, memory.take<moment_sums>(1)};
}

/// One row: what was used, for the report.
struct moment_copy_body {
  using compute_type = double;
  static constexpr bool rows_in_lanes = false;
  moment_sums const* from;
  moment_sums* to;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t) const {
    moment_copy_body const self = *this;
    team.once([self] { *self.to = *self.from; });
    return {};
  }
};

} // namespace detail

/// The bytes of workspace of such a call: 192, none where the moments are given.
[[nodiscard]] inline index_t whiten_workspace_bytes(whiten_options const& options) {
  workspace_layout memory;
  detail::lay_out(memory, options);
  return memory.bytes();
}

/// The first rule that such a call breaks. Reads no token.
template <std::floating_point T, execution_context Context>
[[nodiscard]] status check_whiten(Context& context, whiten_inputs<T, typename Context::memory_space> const& in,
                                  whiten_outputs<T, typename Context::memory_space> const& out,
                                  whiten_options const& options = {}) noexcept {
  constexpr detail::checker check{"whiten"};
  workspace_layout memory;
  detail::lay_out(memory, options);
  return detail::first_broken(
      {detail::check_values(check, in), check.tokens("whitened", in.layout, out.whitened, in.values.extent[0]),
       detail::check_deviation(check, options.ddof, options.epsilon),
       check.disjoint("whitened", out.whitened, in.values), check.output("whitened", in.layout, out.whitened, in.mask),
       check.workspace(context.scratch(), memory)});
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Values in units of their standard deviation around their mean, over the valid tokens of the whole batch.
///
///   whitened = (value - mean) / sqrt(var + epsilon)           + mean where shift_mean is false
///   var      = sum (value - mean)^2 / (count - ddof)
///
/// epsilon stands where epsilon_place says. Masked tokens give 0. Equal values give exactly 0 (or the mean); so do
/// count <= ddof values, whose deviation is unknown.
///
/// Shapes     values, mask, whitened: rows x columns, or packed tokens.
/// Aliasing   whitened may be values.
/// Workspace  whiten_workspace_bytes(options).
/// Errors     contract_error (check_whiten), nothing is written. A valid token whose value is not finite gives 0, is left
///            out of the moments and counted there.
template <std::floating_point T, execution_context Context>
void whiten(Context& context, whiten_inputs<T, typename Context::memory_space> const& in,
            whiten_outputs<T, typename Context::memory_space> const& out, whiten_options const& options = {}) {
  using space = typename Context::memory_space;
  if (!detail::require(check_whiten<T>(context, in, out, options))) return;
  workspace_layout memory(context.scratch().data);
  auto const workspace = detail::lay_out(memory, options);
  auto const tokens = detail::values_of<T, space>(in);
  moment_sums const* moments = options.moments;
  if (!moments) detail::gather_moments(context, tokens, workspace.passes, workspace.moments);
  if (!moments) moments = workspace.moments;
  nothing<double>* const unread = nullptr;
  detail::whiten_body<T, space> const body{tokens,
                                           token_cells(in.layout, out.whitened),
                                           moments,
                                           options.ddof,
                                           options.epsilon,
                                           options.epsilon_place,
                                           options.shift_mean};
  context.template for_each_row<nothing>(in.layout.rows, body, unread);
  if (out.report && out.report != moments)
    context.template for_each_row<nothing>(row_layout<space>{.rows = 1, .width = 1},
                                           detail::moment_copy_body{moments, out.report}, unread);
}

COHORT_POLICY_END
