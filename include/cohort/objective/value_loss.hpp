// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/error.hpp>
#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>
#include <cohort/formula/squared_error.hpp>
#include <cohort/objective/detail/value_loss_body.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct value_loss_inputs {
  token_layout<Space> layout;
  token_view<T const, Space> value;
  optional_token_view<T const, Space> old_value{}; ///< needed where the formula clips
  token_view<T const, Space> returns;
  mask_view<T, Space> mask{};
};

template <class T, class Space>
struct value_loss_outputs {
  token_view<T, Space> d_value;
  value_sums* report = nullptr; ///< in the context's memory; overwritten
};

struct value_loss_options {
  cohort::normalizer normalizer;
};

namespace detail {

/// Whether a formula reads the old value; one that does not say may.
template <class F>
constexpr bool clips(F const& f) {
  if constexpr (requires { f.clips(); })
    return f.clips();
  else
    return true;
}

} // namespace detail

/// The bytes of workspace of such a call: 64 where the normaliser's count is the call's own, none elsewhere.
[[nodiscard]] inline index_t value_loss_workspace_bytes(value_loss_options const& options) {
  workspace_layout memory;
  detail::lay_out(memory, options.normalizer);
  return memory.bytes();
}

/// The first rule that such a call breaks, before anything is written: shapes, pointers, parameters, overlap,
/// workspace; on host contexts the sequence offsets too. Reads no token.
template <std::floating_point T, execution_context Context, class Formula>
[[nodiscard]] status check_value_loss(Context& context, value_loss_inputs<T, typename Context::memory_space> const& in,
                                      value_loss_outputs<T, typename Context::memory_space> const& out,
                                      Formula const& f, value_loss_options const& options) noexcept {
  static_assert(value_formula<Formula>, "cohort: a value formula is f(value, old_value, returns) and gives a "
                                        "value_term of the same lane (docs/concepts.md)");
  constexpr detail::checker check{"value_loss"};
  bool const lacks_old = detail::clips(f) && !in.old_value.given;
  index_t const tokens = in.value.extent[0];
  workspace_layout memory;
  detail::lay_out(memory, options.normalizer);
  return detail::first_broken({
      check.layout(in.layout),
      check.tokens("value", in.layout, in.value, tokens),
      check.tokens("old_value", in.layout, in.old_value, tokens),
      check.tokens("returns", in.layout, in.returns, tokens),
      check.tokens("mask", in.layout, in.mask, tokens),
      check.tokens("d_value", in.layout, out.d_value, tokens),
      check.offsets("layout", in.layout.rows.offsets, tokens),
      check.rule(!lacks_old, error_code::missing_argument, "old_value", "the clipped error needs it"),
      check.formula(fault_of(f)),
      detail::check_normalizer(check, options.normalizer),
      check.disjoint("d_value", out.d_value, in.value),
      check.disjoint("d_value", out.d_value, in.old_value),
      check.disjoint("d_value", out.d_value, in.returns),
      check.output("d_value", in.layout, out.d_value, in.mask),
      check.workspace(context.scratch(), memory),
  });
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The loss of a critic and its derivative with respect to the values, in one pass over the batch.
///
///   term[t] = formula(value[t], old_value[t], returns[t])
///   loss    = sum_t mask[t] * weight * term[t]
///   d_value = d loss / d value                                   (0 where masked)
///
/// `weight` is 1 / count, or 1 / (count * valid tokens of the sequence): see normalizer.hpp. For the squared error of
/// verl, TRL and OpenRLHF that is squared_error{.clip = c}.
///
/// Shapes     value, old_value, returns, mask, d_value: rows x columns, or packed tokens.
/// Units      those of the returns, squared.
/// Aliasing   d_value may be any of the token inputs but the mask, element for element.
/// Workspace  value_loss_workspace_bytes(options).
/// Errors     contract_error (check_value_loss), nothing is written. A valid token with a value that is not finite
///            gets gradient 0, is excluded and counted in the report.
/// Empty      no valid token: loss 0, gradient 0, counts 0.
/// Source     Schulman et al. 2017 (arXiv 1707.06347), eq. 9, with the clipping of OpenAI Baselines' ppo2.
template <std::floating_point T, execution_context Context, class Formula>
void value_loss(Context& context, value_loss_inputs<T, typename Context::memory_space> const& in,
                value_loss_outputs<T, typename Context::memory_space> const& out, Formula const& f,
                value_loss_options const& options) {
  using space = typename Context::memory_space;
  if (!detail::require(check_value_loss<T>(context, in, out, f, options))) return;
  auto const mask = token_mask(in.layout, in.mask);
  auto const old = detail::clips(f) ? in.old_value : optional_token_view<T const, space>{};
  detail::value_loss_body<T, space, Formula> const body{
      in.layout.rows,
      token_cells(in.layout, in.value),
      token_cells(in.layout, old),
      token_cells(in.layout, in.returns),
      mask,
      token_cells(in.layout, out.d_value),
      f,
      detail::counted<T>(context, in.layout.rows, mask, options.normalizer)};
  context.template for_each_row<basic_value_sums>(in.layout.rows, body, out.report);
}

COHORT_POLICY_END
