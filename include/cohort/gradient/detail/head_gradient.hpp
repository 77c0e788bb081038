// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A chunk of rows of a head, there and back: hidden states to logits, and gradients of logits to those of hidden
/// states, weights and bias. Rows without a gradient are closed up before the way back, so that nothing of them, NaN
/// included, meets a product.
#pragma once

#include <cohort/gradient/detail/head_logits.hpp>
#include <cohort/gradient/detail/row_list.hpp>

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
template <class T>
struct head_gradient_memory {
  index_t rows = 0, logit_stride = 0, hidden_stride = 0;
  T *logits = nullptr, *d_logits = nullptr; ///< the same without a cap
  T *hidden = nullptr, *d_hidden = nullptr;
  T* ones = nullptr; ///< for a gradient of the bias
  index_t *from = nullptr, *to = nullptr;
  index_t* counts = nullptr; ///< two
};

template <class T>
head_gradient_memory<T> lay_out_chunk(workspace_layout& memory, index_t rows, index_t width, index_t vocabulary,
                                      bool capped, bool biased) {
  head_gradient_memory<T> x{rows, whole_lines<T>(vocabulary), whole_lines<T>(width)};
  x.logits = x.d_logits = take_rows<T>(memory, rows, x.logit_stride);
  if (capped) x.d_logits = take_rows<T>(memory, rows, x.logit_stride);
  x.hidden = take_rows<T>(memory, rows, x.hidden_stride);
  x.d_hidden = take_rows<T>(memory, rows, x.hidden_stride);
  if (biased) x.ones = memory.take<T>(rows);
  x.from = memory.take<index_t>(rows);
  x.to = memory.take<index_t>(rows);
  x.counts = memory.take<index_t>(2);
  return x;
}

template <class T, class Space>
struct head_gradient {
  head_map<T, Space> map;
  head_gradient_memory<T> memory;
  view<T const, 2, Space> hidden;
  view<T, 2, Space> d_hidden, d_weights;
  optional_view<T, 1, Space> d_bias;

  /// Nothing has a gradient yet.
  template <class Context>
  void start(Context& context) const {
    fill_rows<T>(context, d_hidden.extent[0], map.width(), {d_hidden.data, d_hidden.stride[0]}, {}, 0);
    if (d_bias.given) fill_rows<T>(context, 1, memory.rows, {memory.ones, 0}, {}, 1);
  }

  /// memory.hidden and memory.logits of the tokens of a list.
  template <class Context>
  void forward(Context& context, index_t const* tokens, index_t rows) const {
    copy_rows<T>(context, rows, map.width(), {hidden.data, hidden.stride[0], tokens},
                 {memory.hidden, memory.hidden_stride});
    map.logits(context, rows, memory.hidden, memory.hidden_stride, 0, map.vocabulary(), memory.logits,
               memory.logit_stride);
  }

  /// From memory.d_logits of the same tokens, those that stay; the list is theirs afterwards.
  template <class Context, class Stays>
  void backward(Context& context, index_t* tokens, index_t rows, Stays const& stays) const {
    auto const& m = memory;
    row_layout<Space> const one{.rows = 1, .width = rows};
    context.template for_each_row<nothing>(one, close_up_body<T, Stays>{rows, tokens, stays, m.from, m.to, m.counts},
                                           nullptr);
    index_t const kept = context.fetch(m.counts), moved = context.fetch(m.counts + 1);
    if (kept == 0) return;
    move_rows(context, moved, map.vocabulary(), m.d_logits, m.logit_stride);
    move_rows(context, moved, map.width(), m.hidden, m.hidden_stride);
    if (map.capped()) {
      move_rows(context, moved, map.vocabulary(), m.logits, m.logit_stride);
      uncapped_gradient_cells<T> const uncapped{{m.logits, m.logit_stride}, {m.d_logits, m.logit_stride}, map.cap};
      for_each_cell<T>(context, kept, map.vocabulary(), uncapped);
    }
    products(context, kept);
    copy_rows<T>(context, kept, map.width(), {m.d_hidden, m.hidden_stride},
                 {d_hidden.data, d_hidden.stride[0], tokens});
  }

private:
  template <class Context>
  void move_rows(Context& context, index_t moved, index_t width, T* rows, index_t stride) const {
    copy_rows<T>(context, moved, width, {rows, stride, memory.from}, {rows, stride, memory.to});
  }
  template <class Context>
  void products(Context& context, index_t rows) const {
    auto const& m = memory;
    index_t const vocabulary = map.vocabulary(), width = map.width();
    context.multiply(matrix_product<T>{.rows = rows,
                                       .columns = width,
                                       .depth = vocabulary,
                                       .left = {m.d_logits, m.logit_stride},
                                       .right = {map.weights.data, map.weights.stride[0]},
                                       .result = m.d_hidden,
                                       .result_stride = m.hidden_stride,
                                       .scale = map.scale});
    context.multiply(matrix_product<T>{.rows = vocabulary,
                                       .columns = width,
                                       .depth = rows,
                                       .left = {m.d_logits, m.logit_stride, true},
                                       .right = {m.hidden, m.hidden_stride},
                                       .result = d_weights.data,
                                       .result_stride = d_weights.stride[0],
                                       .scale = map.scale,
                                       .accumulate = true});
    if (d_bias.given)
      context.multiply(matrix_product<T>{.rows = 1,
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
