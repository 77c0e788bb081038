// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/error.hpp>
#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>
#include <cohort/reward/detail/kl_penalty_body.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct kl_penalty_inputs {
  token_layout<Space> layout;
  token_view<T const, Space> log_prob; ///< of the policy that generated
  token_view<T const, Space> ref_log_prob;
  optional_token_view<T const, Space> reward{}; ///< 0 where absent
  mask_view<T, Space> mask{};
};

template <class T, class Space>
struct kl_penalty_outputs {
  token_view<T, Space> reward;
  penalty_sums* report = nullptr; ///< in the context's memory; overwritten
};

/// The first rule that such a call breaks. Reads no token.
template <std::floating_point T, execution_context Context, kl_formula Kl>
[[nodiscard]] status check_kl_penalty(Context&, kl_penalty_inputs<T, typename Context::memory_space> const& in,
                                      kl_penalty_outputs<T, typename Context::memory_space> const& out,
                                      Kl const& kl) noexcept {
  constexpr detail::checker check{"kl_penalty"};
  index_t const tokens = in.log_prob.extent[0];
  return detail::first_broken({
      check.layout(in.layout),
      check.tokens("log_prob", in.layout, in.log_prob, tokens),
      check.tokens("ref_log_prob", in.layout, in.ref_log_prob, tokens),
      check.tokens("reward", in.layout, in.reward, tokens),
      check.tokens("mask", in.layout, in.mask, tokens),
      check.tokens("reward", in.layout, out.reward, tokens),
      check.offsets("layout", in.layout.rows.offsets, tokens),
      check.formula(fault_of(kl)),
      check.disjoint("reward", out.reward, in.log_prob),
      check.disjoint("reward", out.reward, in.ref_log_prob),
      check.disjoint("reward", out.reward, in.reward),
      check.output("reward", in.layout, out.reward, in.mask),
  });
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Token rewards less a KL penalty: the KL in the reward, of PPO and RLOO, where a KL in the loss is not wanted.
///
///   reward[t] = reward[t] - beta * kl(log_prob[t], ref_log_prob[t])              (0 where masked)
///
/// With k1, the usual estimator, its sum over a sequence is the log ratio of the two policies; no gradient goes through.
///
/// Shapes     all: rows x columns, or packed tokens.
/// Units      nats times beta, in the reward's units.
/// Aliasing   the output may be any of the token inputs but the mask, element for element.
/// Workspace  none.
/// Errors     contract_error (check_kl_penalty), nothing is written. A valid token with a value that is not finite gets
///            reward 0 and is counted in the report.
/// Source     Ziegler et al. 2019 (arXiv 1909.08593), eq. 2; Ouyang et al. 2022 (arXiv 2203.02155), eq. 2.
template <std::floating_point T, execution_context Context, kl_formula Kl>
void kl_penalty(Context& context, kl_penalty_inputs<T, typename Context::memory_space> const& in,
                kl_penalty_outputs<T, typename Context::memory_space> const& out, Kl const& kl) {
  if (!detail::require(check_kl_penalty<T>(context, in, out, kl))) return;
  detail::kl_penalty_body<T, typename Context::memory_space, Kl> const body{in.layout.rows,
                                                                            token_cells(in.layout, in.log_prob),
                                                                            token_cells(in.layout, in.ref_log_prob),
                                                                            token_cells(in.layout, in.reward),
                                                                            token_mask(in.layout, in.mask),
                                                                            token_cells(in.layout, out.reward),
                                                                            kl};
  context.template for_each_row<basic_penalty_sums>(in.layout.rows, body, out.report);
}

COHORT_POLICY_END
