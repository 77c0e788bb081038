// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/gradient/detail/head_check.hpp>
#include <cohort/gradient/detail/head_passes.hpp>
#include <cohort/objective/policy_loss.hpp>

COHORT_NAMESPACE_BEGIN

template <class L, class Space>
struct head_policy_gradient_inputs {
  token_layout<Space> layout;
  row_major_view<L const, Space> hidden;
  row_major_view<L const, Space> weights;
  optional_view<L const, 1, Space> bias{};
  required_index_view<Space> token;
  token_view<compute_t<L> const, Space> old_log_prob;
  optional_token_view<compute_t<L> const, Space> ref_log_prob{};
  advantage_view<compute_t<L>, Space> advantage;
  mask_view<compute_t<L>, Space> mask{};
  optional_token_view<compute_t<L> const, Space> correction{};
};

template <class L, class Space>
struct head_policy_gradient_outputs {
  row_major_view<L, Space> d_hidden;
  row_major_view<compute_t<L>, Space> d_weights;  ///< added to
  optional_view<compute_t<L>, 1, Space> d_bias{}; ///< added to; its elements follow one another
  optional_token_view<compute_t<L>, Space> log_prob{};
  optional_token_view<compute_t<L>, Space> entropy{};
  optional_token_view<compute_t<L>, Space> d_log_prob{};
  logits_sums* report = nullptr; ///< in the context's memory; overwritten
};

struct head_policy_gradient_options {
  cohort::normalizer normalizer;
  ratio_level ratio = ratio_level::token;
  log_ratio_bounds log_ratio{};
  double temperature = 1;
  double logit_scale = 1;
  double soft_cap = infinity; ///< logits become cap tanh(logits / cap)
  entropy_bonus entropy{};
  index_t chunk_rows = 1024; ///< rows whose logits lie in the workspace at a time
  score_rows score = score_rows::live;
  cohort::compaction compaction = cohort::compaction::live_rows;
};

namespace detail {

template <class L, class Space>
head_workspace<L> lay_out(workspace_layout& memory, head_policy_gradient_inputs<L, Space> const& in,
                          head_policy_gradient_outputs<L, Space> const& out,
                          head_policy_gradient_options const& options) {
  index_t const tokens = in.hidden.extent[0];
  head_workspace<L> x;
  x.tokens = lay_out<compute_t<L>>(memory, tokens, options);
  x.list = memory.take<index_t>(tokens);
  for (auto& sums : x.sums) sums = memory.take<row_terms>(1);
  x.chunk = lay_out_chunk<L>(memory, tokens < options.chunk_rows ? tokens : options.chunk_rows, in.hidden.extent[1],
                             in.weights.extent[0], options.soft_cap < infinity, out.d_bias.given, options.compaction);
  return x;
}

} // namespace detail

/// The bytes of workspace of such a call, with R = min(chunk_rows, tokens) and rows padded to 64 bytes:
/// R * (vocabulary + 2 width) elements (with a soft cap R * (2 vocabulary + 2 width); with compaction::none R * width
/// less), 16 bytes for each of the R rows, 33 per token in double and 21 otherwise, and at most 2 KiB.
template <class L, class Space>
[[nodiscard]] index_t head_policy_gradient_workspace_bytes(head_policy_gradient_inputs<L, Space> const& in,
                                                           head_policy_gradient_outputs<L, Space> const& out,
                                                           head_policy_gradient_options const& options) {
  workspace_layout memory;
  detail::lay_out(memory, in, out, options);
  return memory.bytes();
}

/// The first rule that such a call breaks, before anything is written: shapes, pointers, parameters, overlap,
/// workspace; on host contexts the sequence offsets too. Reads no element of any other argument.
template <class L, execution_context Context, class Surrogate, class Kl>
[[nodiscard]] status
check_head_policy_gradient(Context& context, head_policy_gradient_inputs<L, typename Context::memory_space> const& in,
                           head_policy_gradient_outputs<L, typename Context::memory_space> const& out,
                           policy_objective<Surrogate, Kl> const& f,
                           head_policy_gradient_options const& options) noexcept {
  using detail::footprint_of;
  constexpr detail::checker check{"head_policy_gradient"};
  index_t const tokens = in.hidden.extent[0], vocabulary = in.weights.extent[0], width = in.hidden.extent[1];
  auto const& layout = in.layout;
  auto const alone = [&](char const* argument, auto const& out_view) {
    detail::footprint const x = footprint_of(out_view);
    return detail::first_broken({check.writable(argument, out_view), check.apart(argument, x, footprint_of(in.hidden)),
                                 check.apart(argument, x, footprint_of(in.weights)),
                                 check.apart(argument, x, footprint_of(in.bias)),
                                 detail::check_rows_apart(check, argument, x, in)});
  };
  if (status const s = detail::first_broken(
          {check.layout(layout), detail::check_head(check, in, tokens, options),
           detail::check_rows_of_layout(check, "hidden", layout, tokens),
           detail::check_policy_tokens(check, in, out, f, options, tokens),
           check.matrix("d_hidden", out.d_hidden, tokens, width),
           check.matrix("d_weights", out.d_weights, vocabulary, width), check.vector("d_bias", out.d_bias, vocabulary),
           check.rule(!out.d_bias.given || vocabulary < 2 || out.d_bias.stride[0] == 1, error_code::unsupported_layout,
                      "d_bias", "its elements follow one another"),
           alone("d_hidden", out.d_hidden), alone("d_weights", out.d_weights), alone("d_bias", out.d_bias),
           alone("log_prob", out.log_prob), alone("entropy", out.entropy), alone("d_log_prob", out.d_log_prob),
           detail::check_apart(check, {{"d_hidden", footprint_of(out.d_hidden)},
                                       {"d_weights", footprint_of(out.d_weights)},
                                       {"d_bias", footprint_of(out.d_bias)},
                                       {"log_prob", footprint_of(out.log_prob)},
                                       {"entropy", footprint_of(out.entropy)},
                                       {"d_log_prob", footprint_of(out.d_log_prob)}})});
      !s)
    return s;
  workspace_layout memory;
  detail::lay_out(memory, in, out, options);
  return check.workspace(context.scratch(), memory);
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// Policy loss and its gradient with respect to hidden states and the weights of the head, logits never whole.
///
///   x[t,v]       = logit_scale * (sum_h hidden[t,h] * weights[v,h] + bias[v])
///   logits[t,v]  = cap * tanh(x[t,v] / cap)                                            (x itself without a cap)
///   loss         = logits_policy_gradient of these logits (see there)
///   d_hidden     = d loss / d hidden                                  (0 for tokens without a gradient)
///   d_weights   += d loss / d weights,   d_bias += d loss / d bias
///
/// `chunk_rows` rows of logits lie in the workspace at a time. For ratios of tokens there are three products, of logits,
/// d_hidden and d_weights; ratios of sequences need all log-probs first and therefore four, unless all rows fit into
/// one chunk. Rows whose gradient is known to be 0 are left out of the first product, and those that turned out to have
/// none (clipped tokens, bad rows) of the others.
///
/// Shapes     hidden, d_hidden: tokens x width; weights, d_weights: vocabulary x width; row-major with any row stride;
///            bias, d_bias: vocabulary; token: tokens. Row t of hidden scores token t of the layout: row * columns +
///            column of a padded one. The others as in policy_loss.
/// Units      nats.
/// Aliasing   none.
/// Workspace  head_policy_gradient_workspace_bytes. The products themselves may allocate: eigen_context.
/// Waits      for the number of live rows, and of the rows with a gradient of every chunk: extents of the products.
/// Errors     contract_error (check_head_policy_gradient), nothing is written. A row as bad as in token_log_prob, or a
///            token as bad as in policy_loss, gets gradient 0, is excluded and counted in the report.
/// Source     Schulman et al. 2017 (arXiv 1707.06347), eq. 7; Shao et al. 2024 (arXiv 2402.03300), eq. 3; the soft cap:
///            Gemma Team 2024 (arXiv 2408.00118), section 2.
template <class L, execution_context Context, class Surrogate, class Kl>
void head_policy_gradient(Context& context, head_policy_gradient_inputs<L, typename Context::memory_space> const& in,
                          head_policy_gradient_outputs<L, typename Context::memory_space> const& out,
                          policy_objective<Surrogate, Kl> const& f, head_policy_gradient_options const& options) {
  using space = typename Context::memory_space;
  static_assert(is_storage<L>, "cohort: hidden states and weights are float, double, half or bfloat16");
  static_assert(multiplying_context<Context, L> && multiplying_context<Context, L, compute_t<L>>,
                "cohort: a head needs a context that multiplies matrices");
  if (!detail::require(check_head_policy_gradient<L>(context, in, out, f, options))) return;
  workspace_layout layout(context.scratch().data);
  auto const memory = detail::lay_out(layout, in, out, options);
  detail::head_gradient<L, space> const head{{in.weights, in.bias, options.logit_scale, options.soft_cap},
                                             memory.chunk,
                                             options.compaction,
                                             in.hidden,
                                             out.d_hidden,
                                             out.d_weights,
                                             out.d_bias};
  detail::logits_rows_body<L, space, Surrogate, Kl> const rows{
      {.rows = 0, .width = head.map.vocabulary()},
      head.map.vocabulary(),
      detail::chunk_cells<L const, space>(memory.chunk.logits, memory.chunk.logit_stride),
      {},
      detail::chunk_cells<L, space>(memory.chunk.d_logits, memory.chunk.logit_stride),
      in.token,
      {},
      memory.list,
      options.temperature,
      detail::rows_phase::fused,
      options.compaction == compaction::none,
      detail::policy_tokens_of(context, in, out, f, options, memory.tokens)};
  detail::run_head(context, head, rows, memory, out.report);
}

COHORT_POLICY_END
