// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/error.hpp>
#include <cohort/gradient/detail/head_check.hpp>
#include <cohort/gradient/detail/head_score.hpp>

COHORT_NAMESPACE_BEGIN

template <class L, class Space>
struct head_log_prob_inputs {
  row_major_view<L const, Space> hidden;
  row_major_view<L const, Space> weights;
  optional_view<L const, 1, Space> bias{};
  required_index_view<Space> token;
  mask_view<compute_t<L>, Space> mask{};
};

template <class L, class Space>
struct head_log_prob_outputs {
  view<compute_t<L>, 1, Space> log_prob;
  optional_view<compute_t<L>, 1, Space> log_sum_exp{};
  optional_view<compute_t<L>, 1, Space> entropy{};
  row_sums* report = nullptr; ///< in the context's memory; overwritten
};

struct head_log_prob_options {
  double temperature = 1;
  double logit_scale = 1;
  double soft_cap = infinity; ///< logits become cap tanh(logits / cap)
  index_t chunk_rows = 1024;
  cohort::compaction compaction = cohort::compaction::live_rows;
  logit_rounding rounding = logit_rounding::stored;
};

namespace detail {

template <class L, class X>
struct head_log_prob_workspace {
  head_chunk<L, X> chunk;
  index_t* rows = nullptr; ///< those that the mask leaves
  index_t* count = nullptr;
  row_sums* report[2] = {nullptr, nullptr};
};

/// X: the type of the logits.
template <class X, class L, class Space>
head_log_prob_workspace<L, X> lay_out_scores(workspace_layout& memory, head_log_prob_inputs<L, Space> const& in,
                                             head_log_prob_options const& options) {
  index_t const tokens = in.hidden.extent[0], vocabulary = in.weights.extent[0];
  head_log_prob_workspace<L, X> x;
  x.chunk.rows = tokens < options.chunk_rows ? tokens : options.chunk_rows;
  x.chunk.stride = whole_lines<X>(vocabulary < x.chunk.tile ? vocabulary : x.chunk.tile);
  x.chunk.hidden_stride = whole_lines<L>(in.hidden.extent[1]);
  x.chunk.logits = take_rows<X>(memory, x.chunk.rows, x.chunk.stride);
  x.chunk.state = memory.take<row_so_far>(x.chunk.rows);
  for (auto& report : x.report) report = memory.take<row_sums>(1);
  if (!in.mask.given() || options.compaction == compaction::none) return x;
  x.chunk.hidden = take_rows<L>(memory, x.chunk.rows, x.chunk.hidden_stride);
  x.rows = memory.take<index_t>(tokens);
  x.count = memory.take<index_t>(1);
  return x;
}

/// f(X()) for the type that logits are rounded to.
template <class L, class F>
auto with_logits_of(logit_rounding rounding, F const& f) {
  if constexpr (!std::is_same_v<L, compute_t<L>>)
    if (rounding == logit_rounding::none) return f(compute_t<L>());
  return f(L());
}
template <class L, class Space>
workspace_layout measured(head_log_prob_inputs<L, Space> const& in, head_log_prob_options const& options) {
  return with_logits_of<L>(options.rounding, [&]<class X>(X) {
    workspace_layout memory;
    lay_out_scores<X>(memory, in, options);
    return memory;
  });
}

/// 0 where a row is masked.
template <class T, class Space>
struct masked_rows_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_is_valid<T, Space> valid;
  row_outputs<T, Space> out;

  template <class Team>
  COHORT_HOST_DEVICE nothing<typename Team::uniform> operator()(Team const& team, index_t r) const {
    auto const to = out;
    if (!valid(r)) team.once([=] { to.write({}, r, {}); });
    return {};
  }
};

/// Rows [0, n) of the batch, or of the list in the workspace.
template <class X, class L, class Space, class Context>
COHORT_HIDDEN void score_head(Context& context, head_log_prob_inputs<L, Space> const& in,
                              row_outputs<compute_t<L>, Space> const& outputs, head_log_prob_options const& options,
                              row_sums* report) {
  using T = compute_t<L>;
  workspace_layout layout(context.scratch().data);
  auto const memory = lay_out_scores<X>(layout, in, options);
  index_t rows = in.hidden.extent[0];
  row_is_valid<T, Space> const valid{row_mask(in.mask)};
  if (in.mask.given()) {
    context.template for_each_row<nothing>(row_layout<Space>{.rows = rows}, masked_rows_body<T, Space>{valid, outputs},
                                           nullptr);
    if (memory.rows) rows = count_rows<T>(context, rows, valid, memory.rows, memory.count);
  }
  head_map<L, Space> const map{in.weights, in.bias, options.logit_scale, options.soft_cap};
  head_score_body<X, Space> const body{.logits = {memory.chunk.logits, memory.chunk.stride},
                                       .first = 0,
                                       .classes = 0,
                                       .vocabulary = map.vocabulary(),
                                       .rows = memory.rows,
                                       .first_row = 0,
                                       .token = in.token,
                                       .inverse_temperature = 1 / options.temperature,
                                       .state = memory.chunk.state,
                                       .out = outputs,
                                       .valid = valid};
  score_rows_of<L, X, Space>(context, map, in.hidden, body, rows, memory.chunk, memory.report, report);
}

} // namespace detail

/// The bytes of workspace of such a call: chunk_rows * min(vocabulary, 8192) logits in the type that they are rounded to
/// and 56 bytes for each of those rows; with a mask chunk_rows * width elements more, and 8 bytes per token, unless
/// compaction is none. Rows are padded to 64 bytes.
template <class L, class Space>
[[nodiscard]] index_t head_log_prob_workspace_bytes(head_log_prob_inputs<L, Space> const& in,
                                                    head_log_prob_options const& options = {}) {
  return detail::measured(in, options).bytes();
}

/// The first rule that such a call breaks. Reads no element of any argument.
template <class L, execution_context Context>
[[nodiscard]] status check_head_log_prob(Context& context,
                                         head_log_prob_inputs<L, typename Context::memory_space> const& in,
                                         head_log_prob_outputs<L, typename Context::memory_space> const& out,
                                         head_log_prob_options const& options = {}) noexcept {
  constexpr detail::checker check{"head_log_prob"};
  using detail::footprint_of;
  index_t const rows = in.hidden.extent[0];
  if (status const s = detail::first_broken(
          {detail::check_head(check, in, rows, options), check.row_mask("mask", in.mask, rows),
           check.rows_of("log_prob", out.log_prob, rows), check.vector("log_sum_exp", out.log_sum_exp, rows),
           check.vector("entropy", out.entropy, rows),
           detail::check_apart(check,
                               {{"log_prob", footprint_of(out.log_prob)},
                                {"log_sum_exp", footprint_of(out.log_sum_exp)},
                                {"entropy", footprint_of(out.entropy)}},
                               {footprint_of(in.hidden), footprint_of(in.weights), footprint_of(in.bias),
                                footprint_of(in.token), footprint_of(in.mask)})});
      !s)
    return s;
  return check.workspace(context.scratch(), detail::measured(in, options));
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The log-prob of each row's token from hidden states and a head's weights: token_log_prob without the logits.
///
///   x[n,v]         = logit_scale * (sum_h hidden[n,h] * weights[v,h] + bias[v])
///   logits[n,v]    = cap * tanh(x[n,v] / cap)                                          (x itself without a cap)
///   log_sum_exp[n] = log sum_v exp(logits[n,v] / temperature)
///   log_prob[n]    = logits[n, token[n]] / temperature - log_sum_exp[n]
///   entropy[n]     = -sum_v p[n,v] log p[n,v]
///
/// For scoring: one product, `chunk_rows` rows by 8192 classes of logits at a time, never more. Rows that the mask takes
/// away are left out of the product, or multiplied and ignored (compaction::none). Logits of half and bfloat16 models
/// are rounded to that type, so that a ratio compares like with like, or left in float (logit_rounding::none); the
/// softmax is in float and double either way.
///
/// Shapes     hidden: rows x width; weights: vocabulary x width, both row-major with any row stride; bias: vocabulary;
///            token, mask, outputs: rows.
/// Units      nats.
/// Errors     contract_error (check_head_log_prob), nothing is written. A valid row whose token is outside the
///            vocabulary, with NaN or +inf among its logits, or without a finite one gets NaN and is counted in the
///            report. A masked row gets 0, and nothing of it is used.
/// Workspace  head_log_prob_workspace_bytes. The product itself may allocate: eigen_context.
/// Waits      with a mask, for the number of valid rows, unless compaction is none.
template <class L, execution_context Context>
void head_log_prob(Context& context, head_log_prob_inputs<L, typename Context::memory_space> const& in,
                   head_log_prob_outputs<L, typename Context::memory_space> const& out,
                   head_log_prob_options const& options = {}) {
  using space = typename Context::memory_space;
  static_assert(is_storage<L>, "cohort: hidden states and weights are float, double, half or bfloat16");
  static_assert(multiplying_context<Context, L> && multiplying_context<Context, L, compute_t<L>>,
                "cohort: a head needs a context that multiplies matrices");
  if (!detail::require(check_head_log_prob<L>(context, in, out, options))) return;
  detail::row_outputs<compute_t<L>, space> outputs;
  outputs.log_prob = cells_of(out.log_prob);
  outputs.log_sum_exp = cells_of(out.log_sum_exp);
  outputs.entropy = cells_of(out.entropy);
  detail::with_logits_of<L>(options.rounding, [&]<class X>(X) {
    detail::score_head<X, L, space>(context, in, outputs, options, out.report);
  });
}

COHORT_POLICY_END
