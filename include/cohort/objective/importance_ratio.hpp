// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/error.hpp>
#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>
#include <cohort/objective/detail/importance_ratio_body.hpp>

COHORT_NAMESPACE_BEGIN

template <class T, class Space>
struct importance_ratio_inputs {
  token_layout<Space> layout;
  token_view<T const, Space> log_prob;
  token_view<T const, Space> old_log_prob;
  mask_view<T, Space> mask{};
};

/// Each optional.
template <class T, class Space>
struct importance_ratio_outputs {
  optional_token_view<T, Space> ratio{};
  optional_view<T, 1, Space> sequence_ratio{}; ///< one per row, at the sequence levels
  ratio_sums* report = nullptr;                ///< in the context's memory; overwritten
};

struct importance_ratio_options {
  ratio_level ratio = ratio_level::token;
  log_ratio_bounds log_ratio{};
};

/// The first rule that such a call breaks, before anything is written: shapes, pointers, parameters, overlap; on host
/// contexts the sequence offsets too. Reads no token.
template <std::floating_point T, execution_context Context>
[[nodiscard]] status check_importance_ratio(Context&,
                                            importance_ratio_inputs<T, typename Context::memory_space> const& in,
                                            importance_ratio_outputs<T, typename Context::memory_space> const& out,
                                            importance_ratio_options const& options) noexcept {
  constexpr detail::checker check{"importance_ratio"};
  index_t const tokens = in.log_prob.extent[0];
  bool const by_token = options.ratio == ratio_level::token;
  auto const sequences = detail::footprint_of(out.sequence_ratio);
  return detail::first_broken({
      check.layout(in.layout),
      check.tokens("log_prob", in.layout, in.log_prob, tokens),
      check.tokens("old_log_prob", in.layout, in.old_log_prob, tokens),
      check.tokens("mask", in.layout, in.mask, tokens),
      check.tokens("ratio", in.layout, out.ratio, tokens),
      check.vector("sequence_ratio", out.sequence_ratio, in.layout.rows.rows),
      check.offsets("layout", in.layout.rows.offsets, tokens),
      check.rule(!(by_token && out.sequence_ratio.given), error_code::bad_parameter, "sequence_ratio",
                 "a sequence has a ratio at the sequence levels only"),
      check.formula(options.log_ratio.fault()),
      check.disjoint("ratio", out.ratio, in.log_prob),
      check.disjoint("ratio", out.ratio, in.old_log_prob),
      check.output("ratio", in.layout, out.ratio, in.mask),
      check.apart("sequence_ratio", sequences, detail::footprint_of(in.log_prob)),
      check.apart("sequence_ratio", sequences, detail::footprint_of(in.old_log_prob)),
      check.apart("sequence_ratio", sequences, detail::footprint_of(out.ratio)),
      check.output("sequence_ratio", in.layout, out.sequence_ratio, in.mask),
  });
}

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The importance ratio of tokens and of sequences, as policy_loss uses it.
///
///   l[t]              = log_prob[t] - old_log_prob[t]
///   ratio[t]          = exp(clamp(l[t], low, high))                      at token level
///                     = exp(clamp(mean or sum of l, low, high))          at the sequence levels: ratio_level.hpp
///   sequence_ratio[r] = the ratio of row r's tokens                      (0 where none is usable)
///
/// A token that is masked or excluded has ratio 0, and neither the mean nor the sum counts it. As weights against the
/// sampler's policy: log_prob is the trainer's, old_log_prob the sampler's, and log_ratio.high = log(cap) truncates.
///
/// Shapes     log_prob, old_log_prob, mask, ratio: rows x columns, or packed tokens; sequence_ratio: rows.
/// Units      nats.
/// Aliasing   ratio may be log_prob or old_log_prob, element for element.
/// Workspace  none.
/// Errors     contract_error (check_importance_ratio), nothing is written. A valid token with an undefined ratio, or
///            one beyond the call's type, is excluded and counted in the report.
/// Empty      no valid token: ratios 0, counts 0.
/// Source     Schulman et al. 2017 (arXiv 1707.06347); Zheng et al. 2025 (arXiv 2507.18071), eq. 7.
template <std::floating_point T, execution_context Context>
void importance_ratio(Context& context, importance_ratio_inputs<T, typename Context::memory_space> const& in,
                      importance_ratio_outputs<T, typename Context::memory_space> const& out,
                      importance_ratio_options const& options = {}) {
  using space = typename Context::memory_space;
  if (!detail::require(check_importance_ratio<T>(context, in, out, options))) return;
  detail::importance_ratio_body<T, space> const body{
      in.layout.rows,
      token_cells(in.layout, in.log_prob),
      token_cells(in.layout, in.old_log_prob),
      token_mask(in.layout, in.mask),
      token_cells(in.layout, out.ratio),
      row_cells<T, space>(out.sequence_ratio.data, out.sequence_ratio.stride[0]),
      {options.ratio, options.log_ratio}};
  context.template for_each_row<basic_ratio_sums>(in.layout.rows, body, out.report);
}

COHORT_POLICY_END
