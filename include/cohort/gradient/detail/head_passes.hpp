// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The order of things in head_policy_gradient: which rows, then chunk by chunk.
#pragma once

#include <cohort/gradient/detail/head_gradient.hpp>
#include <cohort/gradient/detail/logits_call.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class L>
struct head_workspace {
  logits_workspace<compute_t<L>> tokens;
  index_t* list = nullptr; ///< of rows
  row_terms* sums[2] = {nullptr, nullptr};
  head_gradient_memory<L> chunk;
};

template <class X, class Space>
constexpr cells<X, Space> chunk_cells(X* data, index_t stride) {
  return {data, stride, 1, false};
}

/// Of the tokens whose rows are looked at, those that may have a gradient once their seeds are known.
template <class Tokens>
struct token_has_seed {
  Tokens tokens;
  token_is_live looked_at;
  [[nodiscard]] COHORT_HOST_DEVICE bool operator()(index_t t) const {
    return looked_at(t) && (tokens.terms.any() || *tokens.at(tokens.policy.d_log_prob, tokens.place_of(t)) != 0);
  }
};

/// Where no row is left out.
struct every_row {
  COHORT_HOST_DEVICE bool operator()(index_t) const { return true; }
};

/// Products and passes over rows, chunk by chunk.
template <class L, class Space, class Surrogate, class Kl>
struct head_passes {
  head_gradient<L, Space> const& head;
  logits_rows_body<L, Space, Surrogate, Kl> rows;
  head_workspace<L> const& memory;

  /// What the rows of all chunks report.
  template <class Context>
  COHORT_HIDDEN row_terms* run(Context& context, index_t listed, rows_phase phase, bool logits_are_there) {
    rows.phase = phase;
    row_terms* sums = nullptr;
    in_pass(rows, [&](auto const& pass) { sums = run_pass(context, listed, pass, logits_are_there); });
    return sums;
  }

private:
  template <class Context, class Pass>
  COHORT_HIDDEN row_terms* run_pass(Context& context, index_t listed, Pass const& pass, bool logits_are_there) const {
    equal_parts const chunks(listed, memory.chunk.rows > 0 ? memory.chunk.rows : 1);
    auto* sums = memory.sums[0];
    after_body<Pass, row_terms> body{pass, nullptr};
    auto& rows_at_hand = body.body.rows;
    context.template for_each_row<basic_row_terms>(row_layout<Space>{}, body, sums);
    for (index_t k = 0; k < chunks.count; ++k) {
      chunk_rows const chunk{memory.list + chunks.first(k), chunks.first(k), chunks.length(k)};
      if (!logits_are_there) head.forward(context, chunk);
      rows_at_hand.token_of_row = chunk.tokens;
      rows_at_hand.rows.rows = chunk.count;
      body.previous = sums;
      sums = memory.sums[(k + 1) % 2];
      context.template for_each_row<basic_row_terms>(rows_at_hand.rows, body, sums);
      if (rows.phase != rows_phase::score) head.backward(context, chunk, token_is_live{memory.tokens.live, 2});
    }
    return sums;
  }
};

template <class L, class Space, class Context, class Surrogate, class Kl>
COHORT_HIDDEN void run_head(Context& context, head_gradient<L, Space> const& head,
                            logits_rows_body<L, Space, Surrogate, Kl> const& rows, head_workspace<L> const& memory,
                            logits_sums* report) {
  using T = compute_t<L>;
  head_passes<L, Space, Surrogate, Kl> passes{head, rows, memory};
  using all_tokens = policy_tokens<T, Space, Surrogate, Kl>;
  using live_tokens = live_tokens_body<T, Space, Surrogate, Kl>;
  using token_seeds = token_seeds_body<T, Space, Surrogate, Kl>;
  auto const& tokens = rows.tokens;
  auto const& sequences = tokens.policy.rows;
  auto const seeds = [&](row_terms const* of_rows, logits_sums* total) {
    context.template for_each_row<basic_logits_sums>(sequences, token_seeds{tokens, of_rows}, total);
  };
  auto const list = [&](auto const& flag) {
    index_t const all = head.hidden.extent[0];
    if (head.closes_up()) return count_rows<T>(context, all, flag, memory.list, memory.chunk.counts);
    list_rows<T>(context, all, every_row{}, {memory.list, 1}, memory.chunk.counts);
    return all;
  };
  token_is_live const looked_at{memory.tokens.live, 1};
  context.template for_each_row<nothing>(sequences, live_tokens{tokens}, nullptr);
  head.start(context);
  index_t listed = list(looked_at);
  if (tokens.policy.terms.level == ratio_level::token)
    return seeds(passes.run(context, listed, rows_phase::fused, false), report);
  passes.run(context, listed, rows_phase::score, false);
  seeds(nullptr, nullptr);
  bool const logits_are_there = listed <= memory.chunk.rows; // of one chunk
  if (!logits_are_there) listed = list(token_has_seed<all_tokens>{tokens, looked_at});
  seeds(passes.run(context, listed, rows_phase::seeded, logits_are_there), report);
}

} // namespace detail

COHORT_NAMESPACE_END
