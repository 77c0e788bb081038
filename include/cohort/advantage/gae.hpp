// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/advantage/detail/gae_body.hpp>
#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct gae_inputs {
  token_layout<Space> layout;
  token_view<T const, Space> reward;
  token_view<T const, Space> value;
  mask_view<T, Space> mask{};
  mask_view<T, Space> done{};                   ///< not 0: the episode ends after this token
  optional_view<T const, 1, Space> bootstrap{}; ///< per sequence, the value after its last valid token; 0 where absent
};

template <class T, class Space>
struct gae_outputs {
  token_view<T, Space> advantage;
  optional_token_view<T, Space> returns{};
  token_counts* report = nullptr; ///< in the context's memory; overwritten
};

struct gae_options {
  double gamma = 1;
  double lambda = 1;
};

namespace detail {

constexpr status check_discount(checker const& check, char const* argument, double x) {
  return check.parameter(x >= 0 && x <= 1, argument, "it lies in [0, 1]", x);
}

/// An output over tokens against what the same call reads beside reward and value.
template <class Out, class Inputs>
status check_token_output(checker const& check, char const* argument, Out const& out, Inputs const& in) {
  return first_broken({check.output(argument, in.layout, out, in.mask), check.disjoint(argument, out, in.reward),
                       check.apart(argument, footprint_of(out), footprint_of(in.done)),
                       check.apart(argument, footprint_of(out), footprint_of(in.bootstrap))});
}

/// What gae and return_to_go ask of their inputs.
template <class Inputs>
status check_rewards(checker const& check, Inputs const& in) {
  index_t const tokens = in.reward.extent[0];
  return first_broken({check.layout(in.layout), check.tokens("reward", in.layout, in.reward, tokens),
                       check.tokens("mask", in.layout, in.mask, tokens),
                       check.tokens("done", in.layout, in.done, tokens),
                       check.vector("bootstrap", in.bootstrap, in.layout.rows.rows),
                       check.offsets("layout", in.layout.rows.offsets, tokens)});
}

template <class T, class Space>
constexpr cells<T const, Space> per_sequence_cells(optional_view<T const, 1, Space> const& x) {
  return row_cells<T const, Space>(x.data, x.stride[0]);
}

} // namespace detail

/// The first rule that such a call breaks. Reads no token.
template <std::floating_point T, execution_context Context>
[[nodiscard]] status check_gae(Context&, gae_inputs<T, typename Context::memory_space> const& in,
                               gae_outputs<T, typename Context::memory_space> const& out,
                               gae_options const& options = {}) noexcept {
  constexpr detail::checker check{"gae"};
  index_t const tokens = in.reward.extent[0];
  return detail::first_broken(
      {detail::check_rewards(check, in), check.tokens("value", in.layout, in.value, tokens),
       check.tokens("advantage", in.layout, out.advantage, tokens),
       check.tokens("returns", in.layout, out.returns, tokens), detail::check_discount(check, "gamma", options.gamma),
       detail::check_discount(check, "lambda", options.lambda),
       detail::check_token_output(check, "advantage", out.advantage, in),
       detail::check_token_output(check, "returns", out.returns, in),
       check.disjoint("advantage", out.advantage, in.value), check.disjoint("returns", out.returns, in.value),
       check.apart("returns", detail::footprint_of(out.returns), detail::footprint_of(out.advantage))});
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Generalised advantage estimation, and the targets of the value.
///
///   delta[t]     = reward[t] + gamma * value[t+1] - value[t]
///   advantage[t] = delta[t] + gamma * lambda * advantage[t+1]
///   returns[t]   = advantage[t] + value[t]
///
/// t+1 is the next valid token of the sequence: masked tokens are skipped, and what stands there has no influence; their
/// outputs are 0. After the last one come the bootstrap and advantage 0; after a token with `done` come 0 and 0. One
/// associative scan, in double.
///
/// Shapes     reward, value, mask, done, advantage, returns: rows x columns, or packed tokens; bootstrap: rows.
/// Aliasing   advantage and returns may each be reward or value, element for element.
/// Workspace  none.
/// Errors     contract_error (check_gae), nothing is written. A valid token with a reward or a value that is not finite
///            is treated as masked and counted in the report; so is a bootstrap, as 0, where a token needs it.
/// Source     Schulman et al. 2016 (arXiv 1506.02438), eq. 16.
template <std::floating_point T, execution_context Context>
void gae(Context& context, gae_inputs<T, typename Context::memory_space> const& in,
         gae_outputs<T, typename Context::memory_space> const& out, gae_options const& options = {}) {
  using space = typename Context::memory_space;
  if (!detail::require(check_gae<T>(context, in, out, options))) return;
  detail::gae_body<T, space> const body{in.layout.rows,
                                        token_cells(in.layout, in.reward),
                                        token_cells(in.layout, in.value),
                                        detail::per_sequence_cells(in.bootstrap),
                                        token_mask(in.layout, in.mask),
                                        token_mask(in.layout, in.done),
                                        token_cells(in.layout, out.advantage),
                                        token_cells(in.layout, out.returns),
                                        options.gamma,
                                        options.lambda,
                                        out.report != nullptr};
  context.template for_each_row<basic_token_counts>(in.layout.rows, body, out.report);
}

COHORT_POLICY_END
