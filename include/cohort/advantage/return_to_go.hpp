// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/advantage/gae.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct return_to_go_inputs {
  token_layout<Space> layout;
  token_view<T const, Space> reward;
  mask_view<T, Space> mask{};
  mask_view<T, Space> done{};                   ///< not 0: the episode ends after this token
  optional_view<T const, 1, Space> bootstrap{}; ///< per sequence, the return after its last valid token; 0 where absent
};

template <class T, class Space>
struct return_to_go_outputs {
  token_view<T, Space> returns;
  token_counts* report = nullptr; ///< in the context's memory; overwritten
};

struct return_to_go_options {
  double gamma = 1;
};

/// The first rule that such a call breaks. Reads no token.
template <std::floating_point T, execution_context Context>
[[nodiscard]] status check_return_to_go(Context&, return_to_go_inputs<T, typename Context::memory_space> const& in,
                                        return_to_go_outputs<T, typename Context::memory_space> const& out,
                                        return_to_go_options const& options = {}) noexcept {
  constexpr detail::checker check{"return_to_go"};
  return detail::first_broken({detail::check_rewards(check, in),
                               check.tokens("returns", in.layout, out.returns, in.reward.extent[0]),
                               detail::check_discount(check, "gamma", options.gamma),
                               detail::check_token_output(check, "returns", out.returns, in)});
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The discounted sum of rewards from each token onward.
///
///   returns[t] = reward[t] + gamma * returns[t+1]
///
/// t+1 is the next valid token: masked tokens are skipped, neither discounted nor added; their outputs are 0. After the
/// last one comes the bootstrap; after a token with `done` comes 0. This is gae without a value and with lambda = 1.
///
/// Shapes     reward, mask, done, returns: rows x columns, or packed tokens; bootstrap: rows.
/// Aliasing   returns may be reward.
/// Workspace  none.
/// Errors     contract_error (check_return_to_go), nothing is written. A valid token with a reward that is not finite is
///            treated as masked and counted in the report; so is a bootstrap, as 0, where a token needs it.
template <std::floating_point T, execution_context Context>
void return_to_go(Context& context, return_to_go_inputs<T, typename Context::memory_space> const& in,
                  return_to_go_outputs<T, typename Context::memory_space> const& out,
                  return_to_go_options const& options = {}) {
  using space = typename Context::memory_space;
  if (!detail::require(check_return_to_go<T>(context, in, out, options))) return;
  detail::gae_body<T, space> const body{in.layout.rows,
                                        token_cells(in.layout, in.reward),
                                        {},
                                        detail::per_sequence_cells(in.bootstrap),
                                        token_mask(in.layout, in.mask),
                                        token_mask(in.layout, in.done),
                                        token_cells(in.layout, out.returns),
                                        {},
                                        options.gamma,
                                        1,
                                        out.report != nullptr};
  context.template for_each_row<basic_token_counts>(in.layout.rows, body, out.report);
}

COHORT_POLICY_END
