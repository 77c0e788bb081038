// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>
#include <cohort/gradient/detail/logits_check.hpp>
#include <cohort/gradient/detail/token_log_prob_body.hpp>

COHORT_NAMESPACE_BEGIN

template <class L, class Space>
struct token_log_prob_inputs {
  row_major_view<L const, Space> logits;
  required_index_view<Space> token;
  mask_view<compute_t<L>, Space> mask{};
  vocabulary_mask_view<Space> vocabulary_mask{};
};

template <class L, class Space>
struct token_log_prob_outputs {
  view<compute_t<L>, 1, Space> log_prob;
  optional_view<compute_t<L>, 1, Space> log_sum_exp{};
  optional_view<compute_t<L>, 1, Space> entropy{};
  optional_view<compute_t<L>, 1, Space> sum_of_squares{}; ///< sum_v p[v]^2
  optional_view<compute_t<L>, 1, Space> probability{};    ///< exp(log_prob)
  optional_view<std::int64_t, 1, Space> rank{};           ///< 1 for the most likely class; -1 for a bad row
  row_sums* report = nullptr;                             ///< in the context's memory; overwritten
};

template <class L, class Space>
struct token_log_prob_backward_inputs {
  row_major_view<L const, Space> logits;
  required_index_view<Space> token;
  optional_view<compute_t<L> const, 1, Space> log_sum_exp{};
  view<compute_t<L> const, 1, Space> d_log_prob;
  optional_view<compute_t<L> const, 1, Space> d_entropy{};
  optional_view<compute_t<L> const, 1, Space> d_log_sum_exp{};
  mask_view<compute_t<L>, Space> mask{};
  vocabulary_mask_view<Space> vocabulary_mask{};
};

template <class L, class Space>
struct token_log_prob_backward_outputs {
  row_major_view<L, Space> d_logits;
  row_sums* report = nullptr; ///< in the context's memory; overwritten
};

struct token_log_prob_options {
  double temperature = 1;
};
struct token_log_prob_backward_options {
  double temperature = 1;
  bool accumulate = false; ///< adds to d_logits instead of overwriting it
};

namespace detail {

template <class L, class Inputs>
status check_token_rows(checker const& check, Inputs const& in, double temperature) {
  index_t const rows = in.logits.extent[0];
  bool const empty = in.logits.extent[1] == 0 && rows > 0;
  return first_broken({check.matrix("logits", in.logits, rows, in.logits.extent[1]),
                       check.rule(!empty, error_code::bad_extent, "logits", "the vocabulary is empty"),
                       check.indices("token", in.token, rows), check.row_mask("mask", in.mask, rows),
                       check.vocabulary("vocabulary_mask", in.vocabulary_mask, rows, in.logits.extent[1]),
                       check_temperature(check, temperature)});
}

template <class L, class Space, class Inputs>
token_rows<L, Space> rows_of(Inputs const& in, double temperature) {
  row_layout<Space> const rows{.rows = in.logits.extent[0], .width = in.logits.extent[1]};
  return {rows, matrix_cells(in.logits), in.token, row_mask(in.mask), in.vocabulary_mask, temperature};
}

} // namespace detail

/// The first rule that such a call breaks. Reads no logit and no token.
template <class L, execution_context Context>
[[nodiscard]] status check_token_log_prob(Context&, token_log_prob_inputs<L, typename Context::memory_space> const& in,
                                          token_log_prob_outputs<L, typename Context::memory_space> const& out,
                                          token_log_prob_options const& options) noexcept {
  constexpr detail::checker check{"token_log_prob"};
  using detail::footprint_of;
  index_t const rows = in.logits.extent[0];
  return detail::first_broken(
      {detail::check_token_rows<L>(check, in, options.temperature), check.rows_of("log_prob", out.log_prob, rows),
       check.vector("log_sum_exp", out.log_sum_exp, rows), check.vector("entropy", out.entropy, rows),
       check.vector("sum_of_squares", out.sum_of_squares, rows), check.vector("probability", out.probability, rows),
       check.vector("rank", out.rank, rows),
       detail::check_apart(check,
                           {{"log_prob", footprint_of(out.log_prob)},
                            {"log_sum_exp", footprint_of(out.log_sum_exp)},
                            {"entropy", footprint_of(out.entropy)},
                            {"sum_of_squares", footprint_of(out.sum_of_squares)},
                            {"probability", footprint_of(out.probability)},
                            {"rank", footprint_of(out.rank)}},
                           {footprint_of(in.logits), footprint_of(in.token), footprint_of(in.mask),
                            footprint_of(in.vocabulary_mask)})});
}

/// The first rule that such a call breaks. Reads no logit and no token.
template <class L, execution_context Context>
[[nodiscard]] status
check_token_log_prob_backward(Context&, token_log_prob_backward_inputs<L, typename Context::memory_space> const& in,
                              token_log_prob_backward_outputs<L, typename Context::memory_space> const& out,
                              token_log_prob_backward_options const& options) noexcept {
  constexpr detail::checker check{"token_log_prob_backward"};
  using detail::footprint_of;
  index_t const rows = in.logits.extent[0];
  bool const added_to_itself =
      options.accumulate && detail::share_memory(footprint_of(out.d_logits), footprint_of(in.logits));
  return detail::first_broken(
      {detail::check_token_rows<L>(check, in, options.temperature), check.vector("log_sum_exp", in.log_sum_exp, rows),
       check.rows_of("d_log_prob", in.d_log_prob, rows), check.vector("d_entropy", in.d_entropy, rows),
       check.vector("d_log_sum_exp", in.d_log_sum_exp, rows),
       check.matrix("d_logits", out.d_logits, rows, in.logits.extent[1]),
       check.rule(!added_to_itself, error_code::overlap, "d_logits", "what is added to is not the logits"),
       check.disjoint("d_logits", out.d_logits, in.logits),
       detail::check_apart(check, {{"d_logits", footprint_of(out.d_logits)}},
                           {footprint_of(in.d_log_prob), footprint_of(in.d_entropy), footprint_of(in.d_log_sum_exp),
                            footprint_of(in.log_sum_exp), footprint_of(in.token), footprint_of(in.mask),
                            footprint_of(in.vocabulary_mask)})});
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The log-prob of each row's token, and what else its row says.
///
///   log_sum_exp[n] = log sum_v exp(z[n,v]),   z = logits / temperature
///   log_prob[n]    = z[n, token[n]] - log_sum_exp[n]
///   entropy[n]     = log_sum_exp[n] - sum_v p[n,v] z[n,v],   p = exp(z - log_sum_exp)
///   rank[n]        = 1 + #{v : logits[n,v] > logits[n, token[n]]}
///
/// Row t of the logits scores token t. Logits of -inf are legal: probability 0; so is a class that vocabulary_mask
/// leaves out. With a mask per row these are log-probs renormalised over the support that a sampler kept. The row is
/// read once. float, double, half or bfloat16 logits; arithmetic and outputs in float, in double for double; sums fold
/// in double.
///
/// Shapes     logits: rows x vocabulary, row-major with any row stride; token, mask, outputs: rows;
///            vocabulary_mask: ceil(vocabulary / 32) words of uint32, or rows x words.
/// Units      nats.
/// Errors     contract_error (check_token_log_prob), nothing is written. A valid row whose token is outside the
///            vocabulary or left out by its mask, with NaN or +inf, or without a finite logit gets NaN (rank -1) and is
///            counted in the report. A masked row gets 0; neither its logits nor its token is read.
/// Workspace  none.
template <class L, execution_context Context>
void token_log_prob(Context& context, token_log_prob_inputs<L, typename Context::memory_space> const& in,
                    token_log_prob_outputs<L, typename Context::memory_space> const& out,
                    token_log_prob_options const& options = {}) {
  using space = typename Context::memory_space;
  static_assert(is_storage<L>, "cohort: logits are float, double, half or bfloat16");
  if (!detail::require(check_token_log_prob<L>(context, in, out, options))) return;
  detail::token_log_prob_body<L, space> const body{detail::rows_of<L, space>(in, options.temperature),
                                                   {cells_of(out.log_prob), cells_of(out.log_sum_exp),
                                                    cells_of(out.entropy), cells_of(out.sum_of_squares),
                                                    cells_of(out.probability), cells_of(out.rank)}};
  context.template for_each_row<basic_row_sums>(body.in.rows, body, out.report);
}

/// The gradient with respect to the logits, from the seeds d loss / d log_prob and, where they are given, those of the
/// entropy and of the log-sum-exp. With z = logits / temperature and p = softmax(z),
///
///   d_logits[n,v] = 1 / temperature * ( d_log_prob[n] (1[v == token[n]] - p[n,v])
///                                     - d_entropy[n] p[n,v] (log p[n,v] + entropy[n])
///                                     + d_log_sum_exp[n] p[n,v] )
///
/// Without log_sum_exp the row is normalised anew, so that a large common offset costs no digits; with it, and with
/// the first seed alone, the row is read once, and the relative error of the probabilities is that of log_sum_exp,
/// |log_sum_exp| 2^-24 in float. Rows whose seeds are 0 are zeroed unread; columns past the vocabulary are left alone.
///
/// Shapes     as token_log_prob; d_logits: rows x vocabulary.
/// Aliasing   d_logits may be logits, unless it is added to.
/// Errors     contract_error (check_token_log_prob_backward), nothing is written. Masked and bad rows get 0 (nothing is
///            added); the bad ones (as in token_log_prob, and a seed that is not finite) are counted in the report.
/// Workspace  none.
template <class L, execution_context Context>
void token_log_prob_backward(Context& context,
                             token_log_prob_backward_inputs<L, typename Context::memory_space> const& in,
                             token_log_prob_backward_outputs<L, typename Context::memory_space> const& out,
                             token_log_prob_backward_options const& options = {}) {
  using space = typename Context::memory_space;
  static_assert(is_storage<L>, "cohort: logits are float, double, half or bfloat16");
  if (!detail::require(check_token_log_prob_backward<L>(context, in, out, options))) return;
  detail::token_log_prob_backward_body<L, space> const body{detail::rows_of<L, space>(in, options.temperature),
                                                            cells_of(in.log_sum_exp),
                                                            cells_of(in.d_log_prob),
                                                            cells_of(in.d_entropy),
                                                            cells_of(in.d_log_sum_exp),
                                                            matrix_cells(out.d_logits),
                                                            options.accumulate};
  detail::in_pass(
      body, [&](auto const& pass) { context.template for_each_row<basic_row_sums>(body.in.rows, pass, out.report); });
}

COHORT_POLICY_END
