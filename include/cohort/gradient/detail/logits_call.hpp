// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the calls of the logits and head tiers share: options, workspace, checks of their token arguments, and the order
/// of their passes.
#pragma once

#include <optional>

#include <cohort/gradient/detail/logits_check.hpp>
#include <cohort/gradient/detail/logits_rows_body.hpp>
#include <cohort/gradient/detail/row_list.hpp>
#include <cohort/objective/detail/batch_count.hpp>
#include <cohort/objective/policy_loss.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Memory of one call. At most 13 bytes a token in float.
template <class T>
struct logits_workspace {
  normalizer_workspace count, entropy_count;
  T *log_prob, *d_log_prob, *valid;
  std::uint8_t* live;
  row_terms* rows;
};

template <class T, class Options>
logits_workspace<T> lay_out(workspace_layout& memory, index_t tokens, Options const& options) {
  return {.count = lay_out(memory, options.normalizer),
          .entropy_count =
              options.entropy.normalizer ? lay_out(memory, *options.entropy.normalizer) : normalizer_workspace{},
          .log_prob = memory.take<T>(tokens),
          .d_log_prob = memory.take<T>(tokens),
          .valid = memory.take<T>(tokens),
          .live = memory.take<std::uint8_t>(tokens),
          .rows = memory.take<row_terms>(1)};
}

/// Memory over tokens that lie one after the other.
template <class X, class Space>
cells<X, Space> flat_cells(token_layout<Space> const& layout, X* data) {
  return {data, layout.is_packed() ? 0 : layout.rows.width, 1, false};
}
/// An output where there is one, the workspace elsewhere.
template <class T, class Space>
cells<T, Space> cells_or(token_layout<Space> const& layout, optional_token_view<T, Space> const& x, T* otherwise) {
  return x.given ? token_cells(layout, x) : flat_cells(layout, otherwise);
}
template <class T, class Space>
cells<T const, Space> read_only(cells<T, Space> const& x) {
  return {x.data, x.row_stride, x.column_stride, x.per_row};
}

template <class Options>
constexpr double distribution_kl_of(Options const& options) {
  if constexpr (requires { options.distribution_kl; })
    return options.distribution_kl;
  else
    return 0;
}
template <class Space, class T, class Outputs>
cells<T, Space> log_sum_exp_of(token_layout<Space> const& layout, Outputs const& out) {
  if constexpr (requires { out.log_sum_exp; })
    return token_cells(layout, out.log_sum_exp);
  else
    return {};
}

template <class Context, class Inputs, class Outputs, class Surrogate, class Kl, class Options, class T>
COHORT_HIDDEN auto policy_tokens_of(Context& context, Inputs const& in, Outputs const& out,
                                    policy_objective<Surrogate, Kl> const& f, Options const& options,
                                    logits_workspace<T> const& memory) {
  using space = typename Context::memory_space;
  auto const& layout = in.layout;
  auto const mask = token_mask(layout, in.mask);
  auto const log_prob = cells_or(layout, out.log_prob, memory.log_prob);
  auto const by = counted<T>(context, layout.rows, mask, options.normalizer, memory.count);
  auto const entropy_by = options.entropy.normalizer ? counted<T>(context, layout.rows, mask,
                                                                  *options.entropy.normalizer, memory.entropy_count)
                                                     : by;
  return policy_tokens<T, space, Surrogate, Kl>{{layout.rows,
                                                 read_only(log_prob),
                                                 token_cells(layout, in.old_log_prob),
                                                 token_cells(layout, in.ref_log_prob),
                                                 in.advantage.over(layout),
                                                 token_cells(layout, in.correction),
                                                 mask,
                                                 cells_or(layout, out.d_log_prob, memory.d_log_prob),
                                                 {f.surrogate, f.kl, options.ratio, options.log_ratio},
                                                 by},
                                                {options.entropy.coefficient, distribution_kl_of(options), entropy_by},
                                                options.score == score_rows::all,
                                                log_prob,
                                                log_sum_exp_of<space, T>(layout, out),
                                                token_cells(layout, out.entropy),
                                                flat_cells(layout, memory.valid),
                                                flat_cells(layout, memory.live)};
}

/// Live tokens, rows, seeds and report, in the order that the ratio asks for.
template <class Context, class L, class Space, class Surrogate, class Kl>
COHORT_HIDDEN void run_rows(Context& context, logits_rows_body<L, Space, Surrogate, Kl> rows,
                            logits_workspace<compute_t<L>> const& memory, logits_sums* report) {
  using live_tokens = live_tokens_body<compute_t<L>, Space, Surrogate, Kl>;
  using token_seeds = token_seeds_body<compute_t<L>, Space, Surrogate, Kl>;
  auto const& sequences = rows.tokens.policy.rows;
  auto const run = [&](rows_phase phase, row_terms* total) {
    rows.phase = phase;
    in_pass(rows, [&](auto const& pass) { context.template for_each_row<basic_row_terms>(rows.rows, pass, total); });
  };
  auto const seeds = [&](row_terms const* of_rows, logits_sums* total) {
    context.template for_each_row<basic_logits_sums>(sequences, token_seeds{rows.tokens, of_rows}, total);
  };
  context.template for_each_row<nothing>(sequences, live_tokens{rows.tokens}, nullptr);
  if (rows.tokens.policy.terms.level == ratio_level::token) {
    run(rows_phase::fused, memory.rows);
    seeds(memory.rows, report);
  } else {
    run(rows_phase::score, nullptr);
    seeds(nullptr, nullptr);
    run(rows_phase::seeded, memory.rows);
    seeds(memory.rows, report);
  }
}

} // namespace detail

COHORT_NAMESPACE_END
