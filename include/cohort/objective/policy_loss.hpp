// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/error.hpp>
#include <cohort/core/execution_context.hpp>
#include <cohort/detail/overlap.hpp>
#include <cohort/detail/shape.hpp>
#include <cohort/formula/no_kl.hpp>
#include <cohort/objective/detail/policy_check.hpp>
#include <cohort/objective/detail/policy_loss_body.hpp>
#include <cohort/objective/loss_report.hpp>
#include <cohort/objective/normalizer.hpp>

COHORT_NAMESPACE_BEGIN

/// A surrogate and a penalty: surrogate(ratio, advantage) + kl.beta * kl(log_prob, ref_log_prob) per token. A weighted
/// surrogate gets the log_prob too.
template <any_surrogate_formula Surrogate, penalty_formula Kl>
struct policy_objective {
  Surrogate surrogate;
  Kl kl;
};
template <class Surrogate, class Kl = no_kl>
constexpr auto objective(Surrogate surrogate, Kl kl = {}) {
  static_assert(any_surrogate_formula<Surrogate>,
                "cohort: the first argument of objective is a surrogate_formula: f(ratio, advantage) -> "
                "surrogate_term, or a weighted_surrogate_formula: f(ratio, advantage, log_prob)");
  static_assert(penalty_formula<Kl>, "cohort: the second argument of objective is a kl_formula or ratio_kl_formula, "
                                     "with its weight in `beta`");
  if constexpr (any_surrogate_formula<Surrogate> && penalty_formula<Kl>)
    return policy_objective<Surrogate, Kl>{surrogate, kl};
}

template <class T, class Space>
struct policy_loss_inputs {
  token_layout<Space> layout;
  token_view<T const, Space> log_prob;
  token_view<T const, Space> old_log_prob;
  optional_token_view<T const, Space> ref_log_prob{};
  advantage_view<T, Space> advantage;
  mask_view<T, Space> mask{};
  optional_token_view<T const, Space>
      correction{}; ///< weight of the surrogate, not differentiated: sampler corrections
};

template <class T, class Space>
struct policy_loss_outputs {
  token_view<T, Space> d_log_prob;
  loss_sums* report = nullptr; ///< in the context's memory; overwritten
};

struct policy_loss_options {
  cohort::normalizer normalizer;
  ratio_level ratio = ratio_level::token;
  log_ratio_bounds log_ratio{}; ///< verl: +-20 per token; 10 from above per sequence
};

/// The bytes of workspace of such a call: 64 where the normaliser's count is the call's own, none elsewhere.
[[nodiscard]] inline index_t policy_loss_workspace_bytes(policy_loss_options const& options) {
  workspace_layout memory;
  detail::lay_out(memory, options.normalizer);
  return memory.bytes();
}

/// The first rule that such a call breaks, before anything is written: shapes, pointers, parameters, overlap,
/// workspace; on host contexts the sequence offsets too. Reads no token.
template <std::floating_point T, execution_context Context, class Surrogate, class Kl>
[[nodiscard]] status
check_policy_loss(Context& context, policy_loss_inputs<T, typename Context::memory_space> const& in,
                  policy_loss_outputs<T, typename Context::memory_space> const& out,
                  policy_objective<Surrogate, Kl> const& f, policy_loss_options const& options) noexcept {
  constexpr detail::checker check{"policy_loss"};
  index_t const tokens = in.log_prob.extent[0];
  workspace_layout memory;
  detail::lay_out(memory, options.normalizer);
  return detail::first_broken({
      check.layout(in.layout),
      check.tokens("log_prob", in.layout, in.log_prob, tokens),
      detail::check_policy(check, in, f, options, tokens),
      check.tokens("d_log_prob", in.layout, out.d_log_prob, tokens),
      check.disjoint("d_log_prob", out.d_log_prob, in.log_prob),
      check.disjoint("d_log_prob", out.d_log_prob, in.old_log_prob),
      check.disjoint("d_log_prob", out.d_log_prob, in.ref_log_prob),
      check.disjoint("d_log_prob", out.d_log_prob, in.advantage.tokens),
      check.disjoint("d_log_prob", out.d_log_prob, in.correction),
      check.apart("d_log_prob", detail::footprint_of(out.d_log_prob), detail::footprint_of(in.advantage.sequences)),
      check.output("d_log_prob", in.layout, out.d_log_prob, in.mask),
      check.workspace(context.scratch(), memory),
  });
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The surrogate policy loss and its derivative with respect to log_prob, in one pass over the batch.
///
///   ratio[t]   = exp(log_prob[t] - old_log_prob[t])              (or one per sequence: ratio_level.hpp; or bounded)
///   term[t]    = correction[t] * surrogate(ratio[t], advantage[t]) + beta * kl(log_prob[t], ref_log_prob[t])
///   loss       = sum_t mask[t] * weight * term[t]
///   d_log_prob = d loss / d log_prob                             (0 where masked)
///
/// `correction` is 1 where it is absent, and no gradient goes through it. `weight` is 1 / count, or
/// 1 / (count * valid tokens of the sequence): see normalizer.hpp.
///
/// Shapes     log_prob, old_log_prob, ref_log_prob, mask, correction, d_log_prob: rows x columns, or packed tokens;
///            advantage: rows (per_sequence) or tokens (per_token).
/// Units      nats.
/// Aliasing   d_log_prob may be any of the token inputs but the mask, element for element.
/// Workspace  policy_loss_workspace_bytes(options).
/// Errors     contract_error (check_policy_loss), nothing is written. A valid token with a value that is not finite
///            gets gradient 0, is excluded and counted in the report.
/// Empty      no valid token: loss 0, gradient 0, counts 0.
/// Source     Schulman et al. 2017 (arXiv 1707.06347), eq. 7; Shao et al. 2024 (arXiv 2402.03300), eq. 3.
template <std::floating_point T, execution_context Context, class Surrogate, class Kl>
void policy_loss(Context& context, policy_loss_inputs<T, typename Context::memory_space> const& in,
                 policy_loss_outputs<T, typename Context::memory_space> const& out,
                 policy_objective<Surrogate, Kl> const& f, policy_loss_options const& options) {
  using space = typename Context::memory_space;
  if (!detail::require(check_policy_loss<T>(context, in, out, f, options))) return;
  auto const mask = token_mask(in.layout, in.mask);
  detail::policy_loss_body<T, space, Surrogate, Kl> const body{
      in.layout.rows,
      token_cells(in.layout, in.log_prob),
      token_cells(in.layout, in.old_log_prob),
      token_cells(in.layout, in.ref_log_prob),
      in.advantage.over(in.layout),
      token_cells(in.layout, in.correction),
      mask,
      token_cells(in.layout, out.d_log_prob),
      {f.surrogate, f.kl, options.ratio, options.log_ratio},
      detail::counted<T>(context, in.layout.rows, mask, options.normalizer)};
  context.template for_each_row<basic_loss_sums>(in.layout.rows, body, out.report);
}

COHORT_POLICY_END
