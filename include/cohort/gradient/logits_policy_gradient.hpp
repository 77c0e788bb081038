// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>

#include <cohort/gradient/detail/logits_call.hpp>
#include <cohort/gradient/token_log_prob.hpp>
#include <cohort/objective/policy_loss.hpp>

COHORT_NAMESPACE_BEGIN

template <class L, class Space>
struct logits_policy_gradient_inputs {
  token_layout<Space> layout;
  row_major_view<L const, Space> logits;
  required_index_view<Space> token;
  token_view<compute_t<L> const, Space> old_log_prob;
  optional_token_view<compute_t<L> const, Space> ref_log_prob{};
  advantage_view<compute_t<L>, Space> advantage;
  mask_view<compute_t<L>, Space> mask{};
  optional_token_view<compute_t<L> const, Space> correction{};
  optional_view<L const, 2, Space> ref_logits{}; ///< for the KL over the whole distribution
  vocabulary_mask_view<Space> vocabulary_mask{};
};

template <class L, class Space>
struct logits_policy_gradient_outputs {
  row_major_view<L, Space> d_logits;
  optional_token_view<compute_t<L>, Space> log_prob{};
  optional_token_view<compute_t<L>, Space> log_sum_exp{};
  optional_token_view<compute_t<L>, Space> entropy{};
  optional_token_view<compute_t<L>, Space> d_log_prob{};
  optional_view<std::int64_t, 1, Space> live_rows{}; ///< the rows with a gradient, ascending; then -1
  logits_sums* report = nullptr;                     ///< in the context's memory; overwritten
};

struct logits_policy_gradient_options {
  cohort::normalizer normalizer;
  ratio_level ratio = ratio_level::token;
  log_ratio_bounds log_ratio{};
  double temperature = 1;
  entropy_bonus entropy{};
  double distribution_kl = 0; ///< beta of KL(policy || reference) over the vocabulary; needs ref_logits
  index_t vocabulary = 0;     ///< classes among the columns of logits; the others are padding. 0: all of them
  cohort::zero_rows zero_rows = cohort::zero_rows::write;
  cohort::score_rows score = cohort::score_rows::live;
};

/// The bytes of workspace of a call over so many tokens: at most 16 each for float, half and bfloat16 logits, and 384.
template <class L>
[[nodiscard]] index_t logits_policy_gradient_workspace_bytes(index_t tokens,
                                                             logits_policy_gradient_options const& options) {
  workspace_layout memory;
  detail::lay_out<compute_t<L>>(memory, tokens, options);
  return memory.bytes();
}

/// The first rule that such a call breaks, before anything is written. Reads no logit and no token.
template <class L, execution_context Context, class Surrogate, class Kl>
[[nodiscard]] status check_logits_policy_gradient(
    Context& context, logits_policy_gradient_inputs<L, typename Context::memory_space> const& in,
    logits_policy_gradient_outputs<L, typename Context::memory_space> const& out,
    policy_objective<Surrogate, Kl> const& f, logits_policy_gradient_options const& options) noexcept {
  using detail::footprint_of;
  constexpr detail::checker check{"logits_policy_gradient"};
  index_t const tokens = in.logits.extent[0], columns = in.logits.extent[1];
  index_t const classes = options.vocabulary == 0 ? columns : options.vocabulary;
  detail::footprint const d_logits = footprint_of(out.d_logits);
  workspace_layout memory;
  detail::lay_out<compute_t<L>>(memory, tokens, options);
  return detail::first_broken({
      check.layout(in.layout),
      detail::check_rows_of_layout(check, "logits", in.layout, tokens),
      detail::check_policy_tokens(check, in, out, f, options, tokens),
      check.matrix("logits", in.logits, tokens, columns),
      check.matrix("d_logits", out.d_logits, tokens, columns),
      check.parameter(classes > 0 || tokens == 0, "vocabulary", "there is a class", detail::as_double(classes)),
      check.parameter(classes >= 0 && classes <= columns, "vocabulary", "the classes are among the columns of logits",
                      detail::as_double(classes)),
      detail::check_reference(check, in.ref_logits, tokens, columns, options.distribution_kl),
      check.vocabulary("vocabulary_mask", in.vocabulary_mask, tokens, classes),
      detail::check_token_output(check, "log_sum_exp", in.layout, out.log_sum_exp, tokens),
      check.vector("live_rows", out.live_rows, tokens),
      check.writable("live_rows", out.live_rows),
      check.disjoint("d_logits", out.d_logits, in.logits),
      check.apart("d_logits", d_logits, footprint_of(in.ref_logits)),
      check.apart("d_logits", d_logits, footprint_of(in.vocabulary_mask)),
      detail::check_rows_apart(check, "d_logits", d_logits, in),
      check.writable("d_logits", out.d_logits),
      detail::check_token_outputs_apart(check, in, out, d_logits),
      check.workspace(context.scratch(), memory),
  });
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Policy loss, log-probs and the gradient with respect to the logits, each row of logits read once.
///
///   log_prob[t]   = log softmax(logits[t] / temperature)[token[t]]
///   loss          = policy_loss of these log-probs (see there)
///                   - sum_t weight_e H[t] entropy.coefficient + sum_t weight KL[t] distribution_kl
///   d_logits[t,v] = d loss / d logits[t,v]
///
/// with H the entropy of a row and KL its divergence from the reference's row. The same as token_log_prob, policy_loss
/// and token_log_prob_backward one after the other, log-prob for log-prob and coefficient for coefficient, to the bit (so
/// that a ratio to token_log_prob's own log-probs is exactly 1); but while a row is in cache. Row t of
/// the logits scores token t of the layout: row * columns + column of a padded one. Where a ratio belongs to a sequence
/// (options.ratio), the rows are scored first and read again for their gradients.
///
/// A row whose gradient is known to be 0 is not read: masked tokens, and with score_rows::live tokens of advantage 0
/// where neither a penalty nor a term of the distribution asks for them. Their gradient is 0 (zero_rows::write), or
/// what was there (zero_rows::leave, for a caller whose matrix product takes live_rows; then a row that was read and has
/// no gradient is undefined). Their log-prob is 0 where masked, NaN elsewhere. Columns from options.vocabulary on are padding: never read, gradient 0.
///
/// Shapes     logits, ref_logits, d_logits: tokens x columns, row-major with any row stride; token, live_rows: tokens;
///            old_log_prob, ref_log_prob, mask, correction, log_prob, log_sum_exp, entropy, d_log_prob: rows x columns
///            of the layout or packed tokens; advantage: rows (per_sequence) or tokens (per_token).
/// Units      nats.
/// Aliasing   d_logits may be logits.
/// Workspace  logits_policy_gradient_workspace_bytes, never proportional to the vocabulary. No allocation.
/// Errors     contract_error (check_logits_policy_gradient), nothing is written. A row as bad as in token_log_prob, or
///            a token as bad as in policy_loss, gets gradient 0, is excluded and counted in the report.
/// Source     Schulman et al. 2017 (arXiv 1707.06347), eq. 7; Shao et al. 2024 (arXiv 2402.03300), eq. 3; the softmax
///            of a chunk at a time: Milakov and Gimelshein 2018 (arXiv 1805.02867).
template <class L, execution_context Context, class Surrogate, class Kl>
void logits_policy_gradient(Context& context,
                            logits_policy_gradient_inputs<L, typename Context::memory_space> const& in,
                            logits_policy_gradient_outputs<L, typename Context::memory_space> const& out,
                            policy_objective<Surrogate, Kl> const& f, logits_policy_gradient_options const& options) {
  using space = typename Context::memory_space;
  static_assert(is_storage<L>, "cohort: logits are float, double, half or bfloat16");
  if (!detail::require(check_logits_policy_gradient<L>(context, in, out, f, options))) return;
  index_t const count = in.logits.extent[0], columns = in.logits.extent[1];
  workspace_layout carved(context.scratch().data);
  auto const memory = detail::lay_out<compute_t<L>>(carved, count, options);
  auto const tokens = detail::policy_tokens_of(context, in, out, f, options, memory);
  detail::logits_rows_body<L, space, Surrogate, Kl> rows{{.rows = count, .width = columns},
                                                         options.vocabulary == 0 ? columns : options.vocabulary,
                                                         matrix_cells(in.logits),
                                                         matrix_cells(in.ref_logits),
                                                         matrix_cells(out.d_logits),
                                                         in.token,
                                                         in.vocabulary_mask,
                                                         nullptr,
                                                         options.temperature,
                                                         detail::rows_phase::fused,
                                                         options.zero_rows == zero_rows::write,
                                                         tokens};
  detail::run_rows(context, rows, memory, out.report);
  if (out.live_rows.given)
    detail::list_rows<compute_t<L>>(context, count, detail::token_is_live{memory.live, 2},
                                    {out.live_rows.data, out.live_rows.stride[0]}, nullptr);
}

COHORT_POLICY_END
