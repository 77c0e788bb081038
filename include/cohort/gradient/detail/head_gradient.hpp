// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A chunk of rows of a head, there and back: hidden states to logits, and gradients of logits to those of hidden
/// states, weights and bias. Rows without a gradient are closed up before the way back, or stay as zeros, so that nothing
/// of them, NaN included, meets a product.
#pragma once

#include <cohort/gradient/detail/head_logits.hpp>
#include <cohort/gradient/detail/row_list.hpp>
#include <cohort/gradient/logits_options.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Makes rows [0, kept) of a chunk those that stay: the ones behind move into the gaps, the k-th row from[k] into the k-th
/// gap to[k]. No row is read and written by two moves: they may happen at once.
template <class T, class Stays>
struct close_up_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  index_t rows;
  index_t* token; ///< of each row
  Stays stays;    ///< of a token
  index_t *from, *to;
  index_t* counts; ///< kept, moved

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t) const {
    auto const self = *this;
    auto const stays_here = [=](index_t i) { return self.stays(self.token[i]); };
    index_t const kept = team.list(rows, stays_here, {from, 1});
    index_t const moved = team.list(kept, [=](index_t i) { return !stays_here(i); }, {to, 1});
    team.list(rows, [=](index_t i) { return i >= kept && stays_here(i); }, {from, 1});
    each_index(team, moved, [=](index_t k) COHORT_FLAT { self.token[self.to[k]] = self.token[self.from[k]]; });
    team.once([=] { self.counts[0] = kept, self.counts[1] = moved; });
    return {};
  }
};

/// What a chunk needs of the workspace.
template <class L>
struct head_gradient_memory {
  index_t rows = 0, logit_stride = 0, hidden_stride = 0;
  L *logits = nullptr, *d_logits = nullptr; ///< the same without a cap
  L *hidden = nullptr, *d_hidden = nullptr; ///< the second, and the places below, where rows are closed up
  L* ones = nullptr;                        ///< for a gradient of the bias
  index_t *from = nullptr, *to = nullptr;
  index_t* counts = nullptr; ///< two
};

template <class L>
head_gradient_memory<L> lay_out_chunk(workspace_layout& memory, index_t rows, index_t width, index_t vocabulary,
                                      bool capped, bool biased, compaction closing) {
  head_gradient_memory<L> x{rows, whole_lines<L>(vocabulary), whole_lines<L>(width)};
  x.logits = x.d_logits = take_rows<L>(memory, rows, x.logit_stride);
  if (capped) x.d_logits = take_rows<L>(memory, rows, x.logit_stride);
  x.hidden = take_rows<L>(memory, rows, x.hidden_stride);
  if (biased) x.ones = memory.take<L>(rows);
  x.counts = memory.take<index_t>(2);
  if (closing == compaction::none) return x;
  x.d_hidden = take_rows<L>(memory, rows, x.hidden_stride);
  x.from = memory.take<index_t>(rows);
  x.to = memory.take<index_t>(rows);
  return x;
}

/// Rows of a chunk: those that a list names, which in a head that closes nothing up are `first` and the next ones.
struct chunk_rows {
  index_t* tokens;
  index_t first, count;
};

template <class L, class Space>
struct head_gradient {
  using T = compute_t<L>;

  head_map<L, Space> map;
  head_gradient_memory<L> memory;
  compaction closing;
  view<L const, 2, Space> hidden;
  view<L, 2, Space> d_hidden;
  view<T, 2, Space> d_weights;
  optional_view<T, 1, Space> d_bias;

  [[nodiscard]] bool closes_up() const { return closing == compaction::live_rows; }

  /// Nothing has a gradient yet.
  template <class Context>
  COHORT_HIDDEN void start(Context& context) const {
    if (closes_up()) fill_rows<L>(context, d_hidden.extent[0], map.width(), whole(d_hidden), {}, 0);
    if (d_bias.given) fill_rows<L>(context, 1, memory.rows, {memory.ones, 0}, {}, 1);
  }

  /// memory.logits of a chunk, and memory.hidden where rows are closed up.
  template <class Context>
  COHORT_HIDDEN void forward(Context& context, chunk_rows const& chunk) const {
    L const* from = hidden.data + chunk.first * hidden.stride[0];
    index_t stride = hidden.stride[0];
    if (closes_up()) {
      copy_rows<L>(context, chunk.count, map.width(), {hidden.data, stride, chunk.tokens},
                   {memory.hidden, memory.hidden_stride});
      from = memory.hidden, stride = memory.hidden_stride;
    }
    map.logits(context, chunk.count, from, stride, 0, map.vocabulary(), memory.logits, memory.logit_stride);
  }

  /// From memory.d_logits of the same rows, those that stay; the list is theirs afterwards.
  template <class Context, class Stays>
  COHORT_HIDDEN void backward(Context& context, chunk_rows const& chunk, Stays const& stays) const {
    if (closes_up())
      closed_up(context, chunk.tokens, chunk.count, stays);
    else
      as_they_stand(context, chunk.first, chunk.count, stays);
  }

private:
  template <class X>
  static listed_rows<X> whole(view<X, 2, Space> const& x, index_t first = 0) {
    return {x.data + first * x.stride[0], x.stride[0]};
  }

  /// Rows that do not stay have a gradient of 0 already: their hidden states become it, and whatever weights make of it.
  template <class Context, class Stays>
  COHORT_HIDDEN void as_they_stand(Context& context, index_t first, index_t rows, Stays const& stays) const {
    listed_rows<L> const copy{memory.hidden, memory.hidden_stride}, to = whole(d_hidden, first);
    listed_rows<L const> const from = whole(hidden, first), result{to.data, to.stride};
    for_each_cell<L>(context, rows, map.width(), kept_cells<L, Stays>{from, copy, stays, first});
    uncap(context, rows);
    products(context, rows, to.data, to.stride);
    for_each_cell<L>(context, rows, map.width(), kept_cells<L, Stays>{result, to, stays, first});
  }

  template <class Context, class Stays>
  COHORT_HIDDEN void closed_up(Context& context, index_t* tokens, index_t rows, Stays const& stays) const {
    auto const& m = memory;
    row_layout<Space> const one{.rows = 1, .width = rows};
    context.template for_each_row<nothing>(one, close_up_body<T, Stays>{rows, tokens, stays, m.from, m.to, m.counts},
                                           nullptr);
    index_t const kept = context.fetch(m.counts), moved = context.fetch(m.counts + 1);
    if (kept == 0) return;
    move_rows(context, moved, map.vocabulary(), m.d_logits, m.logit_stride);
    move_rows(context, moved, map.width(), m.hidden, m.hidden_stride);
    if (map.capped()) move_rows(context, moved, map.vocabulary(), m.logits, m.logit_stride);
    uncap(context, kept);
    products(context, kept, m.d_hidden, m.hidden_stride);
    copy_rows<L>(context, kept, map.width(), {m.d_hidden, m.hidden_stride},
                 {d_hidden.data, d_hidden.stride[0], tokens});
  }
  template <class Context>
  COHORT_HIDDEN void move_rows(Context& context, index_t moved, index_t width, L* rows, index_t stride) const {
    copy_rows<L>(context, moved, width, {rows, stride, memory.from}, {rows, stride, memory.to});
  }
  template <class Context>
  COHORT_HIDDEN void uncap(Context& context, index_t rows) const {
    auto const& m = memory;
    if (map.capped())
      for_each_cell<L>(context, rows, map.vocabulary(),
                       uncapped_gradient_cells<L>{{m.logits, m.logit_stride}, {m.d_logits, m.logit_stride}, map.cap});
  }

  /// d_hidden of the first rows, overwritten; their part of d_weights and d_bias, added.
  template <class Context>
  COHORT_HIDDEN void products(Context& context, index_t rows, L* to, index_t to_stride) const {
    auto const& m = memory;
    index_t const vocabulary = map.vocabulary(), width = map.width();
    context.multiply(matrix_product<L>{.rows = rows,
                                       .columns = width,
                                       .depth = vocabulary,
                                       .left = {m.d_logits, m.logit_stride},
                                       .right = {map.weights.data, map.weights.stride[0]},
                                       .result = to,
                                       .result_stride = to_stride,
                                       .scale = map.scale});
    context.multiply(matrix_product<L, T>{.rows = vocabulary,
                                          .columns = width,
                                          .depth = rows,
                                          .left = {m.d_logits, m.logit_stride, true},
                                          .right = {m.hidden, m.hidden_stride},
                                          .result = d_weights.data,
                                          .result_stride = d_weights.stride[0],
                                          .scale = map.scale,
                                          .accumulate = true});
    if (d_bias.given)
      context.multiply(matrix_product<L, T>{.rows = 1,
                                            .columns = vocabulary,
                                            .depth = rows,
                                            .left = {m.ones, rows},
                                            .right = {m.d_logits, m.logit_stride},
                                            .result = d_bias.data,
                                            .result_stride = vocabulary,
                                            .scale = map.scale,
                                            .accumulate = true});
  }
};

} // namespace detail

COHORT_NAMESPACE_END
