// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>
#include <cohort/gradient/detail/accumulate_body.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class S, class Space>
struct accumulate_policy_gradient_inputs {
  score_source<S, Space> scores;
  view<T const, 1, Space> d_log_prob;
  mask_view<T, Space> mask{};
};

template <class Space>
struct accumulate_policy_gradient_outputs {
  gradient_view<Space> gradient;   ///< added to
  gradient_sums* report = nullptr; ///< in the context's memory; overwritten
};

struct accumulate_policy_gradient_options {
  index_t chunk_tokens = 64; ///< how many rows of scores_from lie in the workspace at a time
};

namespace detail {

/// Null where the call does not need it.
template <class S>
struct accumulate_workspace {
  double* sum = nullptr; ///< of a float gradient
  S* scores = nullptr;   ///< of one chunk
  index_t pitch = 0;
  index_t chunk = 0;                             ///< tokens of a chunk
  gradient_sums* report[2] = {nullptr, nullptr}; ///< of the chunks before, and of this one
};

template <class T, class S, class Space>
accumulate_workspace<S> lay_out(workspace_layout& memory, accumulate_policy_gradient_inputs<T, S, Space> const& in,
                                accumulate_policy_gradient_outputs<Space> const& out,
                                accumulate_policy_gradient_options const& options) {
  constexpr auto line_elements = workspace_layout::alignment / index_t{sizeof(S)};
  index_t const tokens = in.d_log_prob.extent[0], parameters = out.gradient.parameters();
  accumulate_workspace<S> x;
  if (!out.gradient.is_double) x.sum = memory.take<double>(parameters);
  if (!in.scores.on_the_fly()) return x.chunk = tokens, x;
  x.chunk = tokens < options.chunk_tokens ? tokens : options.chunk_tokens;
  x.pitch = (parameters / line_elements + (parameters % line_elements != 0)) * line_elements;
  index_t elements = 0;
  bool const fits = checked_multiply(x.chunk, x.pitch, elements);
  x.scores = memory.take<S>(fits ? elements : -1);
  for (auto& report : x.report)
    if (out.report && tokens > x.chunk) report = memory.take<gradient_sums>(1);
  return x;
}

template <class Space>
footprint footprint_of(gradient_view<Space> const& x) {
  return footprint_of(x.data, 1, x.extent, x.stride, static_cast<std::size_t>(x.element_bytes()));
}
template <class S, class Space>
footprint footprint_of(score_source<S, Space> const& x) {
  return footprint_of(x.data, 2, x.extent, x.stride, sizeof(S));
}

/// The body without its tokens.
template <class T, class S, class Space>
accumulate_body<T, S, Space> open_strips(accumulate_policy_gradient_inputs<T, S, Space> const& in,
                                         accumulate_policy_gradient_outputs<Space> const& out,
                                         accumulate_workspace<S> const& memory) {
  using body = accumulate_body<T, S, Space>;
  index_t const parameters = out.gradient.parameters(), strips = (parameters - 1) / body::strip + 1;
  bool const in_place = out.gradient.is_double;
  return {.strips = {.rows = parameters > 0 ? strips : 1, .width = body::strip},
          .parameters = parameters,
          .tokens = 0,
          .scores = in.scores.on_the_fly() ? memory.scores : in.scores.data,
          .score_stride = in.scores.on_the_fly() ? memory.pitch : in.scores.stride[0],
          .d_log_prob = row_cells<T const, Space>(in.d_log_prob.data, in.d_log_prob.stride[0]),
          .mask = row_mask(in.mask),
          .gradient = out.gradient,
          .sum = in_place ? static_cast<double*>(out.gradient.data) : memory.sum,
          .sum_stride = in_place ? out.gradient.stride[0] : 1,
          .previous = nullptr};
}

} // namespace detail

/// The bytes of workspace of such a call: 8 per parameter for a float gradient, and a chunk of scores for scores_from.
template <class T, class S, class Space>
[[nodiscard]] index_t
accumulate_policy_gradient_workspace_bytes(accumulate_policy_gradient_inputs<T, S, Space> const& in,
                                           accumulate_policy_gradient_outputs<Space> const& out,
                                           accumulate_policy_gradient_options const& options = {}) {
  workspace_layout memory;
  detail::lay_out(memory, in, out, options);
  return memory.bytes();
}

/// The first rule that such a call breaks. Reads no score and no seed, and calls no callable.
template <std::floating_point T, class S = T, execution_context Context>
[[nodiscard]] status
check_accumulate_policy_gradient(Context& context,
                                 accumulate_policy_gradient_inputs<T, S, typename Context::memory_space> const& in,
                                 accumulate_policy_gradient_outputs<typename Context::memory_space> const& out,
                                 accumulate_policy_gradient_options const& options = {}) noexcept {
  constexpr detail::checker check{"accumulate_policy_gradient"};
  index_t const tokens = in.d_log_prob.extent[0];
  auto const apart = [&](auto const& x) {
    return check.apart("gradient", detail::footprint_of(out.gradient), detail::footprint_of(x));
  };
  if (status const s = detail::first_broken(
          {check.shape("gradient", out.gradient.data, out.gradient.extent, out.gradient.stride, 1),
           in.scores.on_the_fly() ? status{} : check.matrix("scores", in.scores, tokens, out.gradient.parameters()),
           check.rows_of("d_log_prob", in.d_log_prob, tokens), check.row_mask("mask", in.mask, tokens),
           check.parameter(options.chunk_tokens > 0, "chunk_tokens", "a chunk has at least one token",
                           detail::as_double(options.chunk_tokens)),
           apart(in.scores), apart(in.d_log_prob), apart(in.mask),
           check.rule(!detail::folds_onto_itself(detail::footprint_of(out.gradient)), error_code::overlap, "gradient",
                      "two of its elements are the same memory")});
      !s)
    return s;
  workspace_layout memory;
  detail::lay_out(memory, in, out, options);
  return check.workspace(context.scratch(), memory);
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The gradient of the loss with respect to the parameters, from scores and seeds, added to what stands there.
///
///   gradient[d] += sum_n mask[n] * d_log_prob[n] * scores[n,d]          scores[n,d] = d log_prob[n] / d parameter[d]
///
/// Products and sums are in double, and each parameter adds its tokens one after the other in ascending order, on every
/// context: micro-batches in order give a double gradient the bits of one call. A float gradient is rounded once per
/// call: within 2^-24 of the exact sum relatively, and N 2^-53 of the sum of its terms' magnitudes.
///
/// Shapes     scores: tokens x parameters, float, double, half or bfloat16 (S), rows contiguous with any stride, or
///            scores_from(fill); d_log_prob, mask: tokens; gradient: parameters, float or double.
/// Aliasing   gradient shares no memory with an input.
/// Workspace  accumulate_policy_gradient_workspace_bytes: none for a matrix and a double gradient.
/// Errors     contract_error (check_accumulate_policy_gradient), nothing is written. A valid token whose seed is not
///            finite, and an element whose seed * score is not finite, add nothing and are counted in the report.
/// Unread     the scores of masked tokens, and of tokens whose seed is 0: a NaN there stays unseen.
/// Empty      no token: gradient unchanged, counts 0.
/// Source     Williams 1992, REINFORCE: the sum over tokens of weight times score.
template <std::floating_point T, class S = T, execution_context Context>
void accumulate_policy_gradient(Context& context,
                                accumulate_policy_gradient_inputs<T, S, typename Context::memory_space> const& in,
                                accumulate_policy_gradient_outputs<typename Context::memory_space> const& out,
                                accumulate_policy_gradient_options const& options = {}) {
  using space = typename Context::memory_space;
  static_assert(is_storage<S>, "cohort: scores are float, double, half or bfloat16");
  if (!detail::require(check_accumulate_policy_gradient<T, S>(context, in, out, options))) return;
  workspace_layout layout(context.scratch().data);
  auto const memory = detail::lay_out(layout, in, out, options);
  auto body = detail::open_strips(in, out, memory);
  index_t const tokens = in.d_log_prob.extent[0];
  for (int turn = 0; body.opens || body.first_token < tokens; turn = 1 - turn, body.opens = false) {
    index_t const left = tokens - body.first_token;
    body.tokens = left < memory.chunk ? left : memory.chunk;
    body.closes = left <= memory.chunk;
    if (in.scores.on_the_fly() && body.tokens > 0)
      in.scores.call(in.scores.callable, body.first_token, body.tokens,
                     view<S, 2, space>(memory.scores, {body.tokens, body.parameters}, {memory.pitch, 1}));
    auto* const report = body.closes ? out.report : memory.report[turn];
    context.template for_each_row<basic_gradient_sums>(body.strips, body, report);
    body.previous = report;
    body.first_token += body.tokens;
    if (body.closes) break;
  }
}

COHORT_POLICY_END
