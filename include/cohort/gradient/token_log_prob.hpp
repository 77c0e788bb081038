// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>
#include <cohort/gradient/detail/token_log_prob_body.hpp>

COHORT_NAMESPACE_BEGIN

template <class L, class Space>
struct token_log_prob_inputs {
  row_major_view<L const, Space> logits;
  required_index_view<Space> token;
  mask_view<compute_t<L>, Space> mask{};
};

template <class L, class Space>
struct token_log_prob_outputs {
  view<compute_t<L>, 1, Space> log_prob;
  optional_view<compute_t<L>, 1, Space> log_sum_exp{};
  row_sums* report = nullptr; ///< in the context's memory; overwritten
};

template <class L, class Space>
struct token_log_prob_backward_inputs {
  row_major_view<L const, Space> logits;
  required_index_view<Space> token;
  optional_view<compute_t<L> const, 1, Space> log_sum_exp{};
  view<compute_t<L> const, 1, Space> d_log_prob;
  mask_view<compute_t<L>, Space> mask{};
};

template <class L, class Space>
struct token_log_prob_backward_outputs {
  row_major_view<L, Space> d_logits;
  row_sums* report = nullptr; ///< in the context's memory; overwritten
};

struct token_log_prob_options {
  double temperature = 1;
};

namespace detail {

template <class L, class Inputs>
status check_token_rows(checker const& check, Inputs const& in, token_log_prob_options const& options) {
  index_t const rows = in.logits.extent[0];
  bool const empty = in.logits.extent[1] == 0 && rows > 0;
  return first_broken({check.matrix("logits", in.logits, rows, in.logits.extent[1]),
                       check.rule(!empty, error_code::bad_extent, "logits", "the vocabulary is empty"),
                       check.indices("token", in.token, rows), check.row_mask("mask", in.mask, rows),
                       check.parameter(options.temperature > 0 && options.temperature < infinity, "temperature",
                                       "it is finite and positive", options.temperature)});
}

/// A value per row that stands apart from whatever is still to be read, and from itself.
template <class Output, class Inputs>
status check_row_output(checker const& check, char const* argument, Output const& out, Inputs const& in) {
  footprint const memory = footprint_of(out);
  return first_broken({check.apart(argument, memory, footprint_of(in.logits)),
                       check.apart(argument, memory, footprint_of(in.token)),
                       check.apart(argument, memory, footprint_of(in.mask)), check.writable(argument, memory)});
}

template <class L, class Space, class Inputs>
token_rows<L, Space> rows_of(Inputs const& in, token_log_prob_options const& options) {
  row_layout<Space> const rows{.rows = in.logits.extent[0], .width = in.logits.extent[1]};
  return {rows, matrix_cells(in.logits), in.token, row_mask(in.mask), options.temperature};
}

} // namespace detail

/// The first rule that such a call breaks. Reads no logit and no token.
template <class L, execution_context Context>
[[nodiscard]] status check_token_log_prob(Context&, token_log_prob_inputs<L, typename Context::memory_space> const& in,
                                          token_log_prob_outputs<L, typename Context::memory_space> const& out,
                                          token_log_prob_options const& options) noexcept {
  constexpr detail::checker check{"token_log_prob"};
  index_t const rows = in.logits.extent[0];
  return detail::first_broken(
      {detail::check_token_rows<L>(check, in, options), check.rows_of("log_prob", out.log_prob, rows),
       check.vector("log_sum_exp", out.log_sum_exp, rows),
       detail::check_row_output(check, "log_prob", out.log_prob, in),
       detail::check_row_output(check, "log_sum_exp", out.log_sum_exp, in),
       check.apart("log_sum_exp", detail::footprint_of(out.log_sum_exp), detail::footprint_of(out.log_prob))});
}

/// The first rule that such a call breaks. Reads no logit and no token.
template <class L, execution_context Context>
[[nodiscard]] status
check_token_log_prob_backward(Context&, token_log_prob_backward_inputs<L, typename Context::memory_space> const& in,
                              token_log_prob_backward_outputs<L, typename Context::memory_space> const& out,
                              token_log_prob_options const& options) noexcept {
  constexpr detail::checker check{"token_log_prob_backward"};
  index_t const rows = in.logits.extent[0];
  return detail::first_broken(
      {detail::check_token_rows<L>(check, in, options), check.vector("log_sum_exp", in.log_sum_exp, rows),
       check.rows_of("d_log_prob", in.d_log_prob, rows),
       check.matrix("d_logits", out.d_logits, rows, in.logits.extent[1]),
       check.disjoint("d_logits", out.d_logits, in.logits),
       check.apart("d_logits", detail::footprint_of(out.d_logits), detail::footprint_of(in.d_log_prob)),
       check.apart("d_logits", detail::footprint_of(out.d_logits), detail::footprint_of(in.log_sum_exp)),
       check.apart("d_logits", detail::footprint_of(out.d_logits), detail::footprint_of(in.token)),
       check.apart("d_logits", detail::footprint_of(out.d_logits), detail::footprint_of(in.mask)),
       check.writable("d_logits", out.d_logits)});
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The log-prob of each row's token, and the row's log-sum-exp.
///
///   log_sum_exp[n] = log sum_v exp(logits[n,v] / temperature)
///   log_prob[n]    = logits[n, token[n]] / temperature - log_sum_exp[n]
///
/// Row t of the logits scores token t. Logits of -inf are legal: probability 0. float, double, half or bfloat16 logits;
/// arithmetic and outputs in float, in double for double; sums fold in double.
///
/// Shapes     logits: rows x vocabulary, row-major with any row stride; token, mask, outputs: rows.
/// Units      nats.
/// Errors     contract_error (check_token_log_prob), nothing is written. A valid row whose token is outside the
///            vocabulary, with NaN or +inf, or without a finite logit gets NaN and is counted in the report. A masked
///            row gets 0; neither its logits nor its token is read.
/// Workspace  none.
template <class L, execution_context Context>
void token_log_prob(Context& context, token_log_prob_inputs<L, typename Context::memory_space> const& in,
                    token_log_prob_outputs<L, typename Context::memory_space> const& out,
                    token_log_prob_options const& options = {}) {
  using space = typename Context::memory_space;
  static_assert(is_storage<L>, "cohort: logits are float, double, half or bfloat16");
  if (!detail::require(check_token_log_prob<L>(context, in, out, options))) return;
  using C = compute_t<L>;
  detail::token_log_prob_body<L, space> const body{
      detail::rows_of<L, space>(in, options), row_cells<C, space>(out.log_prob.data, out.log_prob.stride[0]),
      row_cells<C, space>(out.log_sum_exp.data, out.log_sum_exp.stride[0])};
  context.template for_each_row<basic_row_sums>(body.in.rows, body, out.report);
}

/// The gradient with respect to the logits, from the seeds d loss / d log_prob.
///
///   d_logits[n,v] = d_log_prob[n] / temperature * (1[v == token[n]] - softmax(logits[n] / temperature)[v])
///
/// Without log_sum_exp the row is normalised anew, so that a large common offset costs no digits; with it the row is
/// read once, and the relative error of the probabilities is that of log_sum_exp, |log_sum_exp| 2^-24 in float.
/// Rows with seed 0 are zeroed without an exponential; columns past the vocabulary are left alone.
///
/// Shapes     as token_log_prob; d_logits: rows x vocabulary.
/// Aliasing   d_logits may be logits.
/// Errors     contract_error (check_token_log_prob_backward), nothing is written. Masked and bad rows get 0; the bad
///            ones (as in token_log_prob, and a seed that is not finite) are counted in the report.
/// Workspace  none.
template <class L, execution_context Context>
void token_log_prob_backward(Context& context,
                             token_log_prob_backward_inputs<L, typename Context::memory_space> const& in,
                             token_log_prob_backward_outputs<L, typename Context::memory_space> const& out,
                             token_log_prob_options const& options = {}) {
  using space = typename Context::memory_space;
  static_assert(is_storage<L>, "cohort: logits are float, double, half or bfloat16");
  if (!detail::require(check_token_log_prob_backward<L>(context, in, out, options))) return;
  using C = compute_t<L>;
  detail::token_log_prob_backward_body<L, space> const body{
      detail::rows_of<L, space>(in, options), row_cells<C const, space>(in.log_sum_exp.data, in.log_sum_exp.stride[0]),
      row_cells<C const, space>(in.d_log_prob.data, in.d_log_prob.stride[0]), matrix_cells(out.d_logits)};
  context.template for_each_row<basic_row_sums>(body.in.rows, body, out.report);
}

COHORT_POLICY_END
