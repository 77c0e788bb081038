// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Log-probs of some rows of a head, a tile of the vocabulary at a time: what the tiles before say of a row is kept in
/// five doubles, and merged.
#pragma once

#include <cohort/gradient/detail/head_logits.hpp>
#include <cohort/gradient/detail/row_list.hpp>
#include <cohort/gradient/detail/token_log_prob_body.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// A row so far: its normalisation, and its token's logit.
struct row_so_far {
  row_softmax softmax;
  double logit;
};

/// Whether a row is valid.
template <class T, class Space>
struct row_is_valid {
  mask_cells<T, Space> mask;
  [[nodiscard]] COHORT_HOST_DEVICE bool operator()(index_t r) const {
    return load_mask<T>(lane<double, true>{1}, mask.row({}, r), 0);
  }
};

/// Rows of logits over classes [first, first + classes): row i is row rows[i] of the batch. A masked one says nothing.
template <class X, class Space>
struct head_score_body {
  using compute_type = compute_t<X>;
  using staged_type = X;
  static constexpr bool rows_in_lanes = false;
  static constexpr bool stages_out = false;

  listed_rows<X const> logits;
  index_t first, classes, vocabulary;
  index_t const* rows; ///< null: row first_row + i
  index_t first_row;
  index_view<Space> token;
  double inverse_temperature;
  row_so_far* state;
  row_outputs<compute_type, Space> out;
  row_is_valid<compute_type, Space> valid;

  template <class Team>
  COHORT_HOST_DEVICE row_sums operator()(Team const& team, index_t i) const {
    logit_row<X, false> const opened{logits[i]};
    index_t const r = rows ? rows[i] : first_row + i, id = token[r];
    row_so_far x = first > 0 ? state[i] : row_so_far{{.inverse_temperature = inverse_temperature}, not_a_number};
    if (id >= first && id < first + classes) x.logit = opened.at(id - first);
    auto const row = staged(team, opened, classes);
    auto const s = out.entropy.given()
                       ? softmax_of<softmax_moments::entropy>(team, row, no_stash{}, classes, inverse_temperature)
                       : softmax_of<softmax_moments::none>(team, row, no_stash{}, classes, inverse_temperature);
    add_chunk(x.softmax, s, s.high, s.high);
    if (first + classes < vocabulary) return keep(team, i, x), row_sums{};
    if (!valid(r)) return {};
    return close(team, r, x);
  }

private:
  template <class Team>
  COHORT_HOST_DEVICE void keep(Team const& team, index_t i, row_so_far const& x) const {
    row_so_far* const to = state + i;
    team.once([=] { *to = x; });
  }
  template <class Team>
  COHORT_HOST_DEVICE row_sums close(Team const& team, index_t r, row_so_far const& x) const {
    bool const good = x.softmax.usable() && x.logit < infinity;
    row_values values{not_a_number, not_a_number, not_a_number};
    if (good) values = {x.softmax.log_prob(x.logit), x.softmax.log_sum_exp(), x.softmax.entropy()};
    auto const to = out;
    team.once([=] { to.write({}, r, values); });
    return token_rows<compute_type, Space>::report(good, r);
  }
};

/// Rows of the workspace that a chunk of logits needs.
template <class L, class X>
struct head_chunk {
  static constexpr index_t tile = 8192; ///< classes at a time where logits are only read

  index_t rows = 0;
  index_t stride = 0; ///< of the logits
  index_t hidden_stride = 0;
  X* logits = nullptr;
  L* hidden = nullptr; ///< null: rows are taken where they stand
  row_so_far* state = nullptr;
};

/// One chunk, tile by tile.
template <class L, class X, class Space, class Context, class Body>
COHORT_HIDDEN void score_tiles(Context& context, head_map<L, Space> const& map, listed_rows<L const> hidden, Body body,
                               index_t rows, head_chunk<L, X> const& chunk, row_sums* report) {
  auto& tile = body.body;
  auto const* const previous = body.previous;
  for (tile.first = 0; tile.first < map.vocabulary(); tile.first += chunk.tile) {
    index_t const left = map.vocabulary() - tile.first;
    tile.classes = left < chunk.tile ? left : chunk.tile;
    bool const last = left == tile.classes;
    body.previous = last ? previous : nullptr;
    map.logits(context, rows, hidden.data, hidden.stride, tile.first, tile.classes, chunk.logits, chunk.stride);
    context.template for_each_row<basic_row_sums>(row_layout<Space>{.rows = rows, .width = tile.classes}, body,
                                                  last ? report : nullptr);
  }
}

/// Scores rows rows[0..n) of the batch, or all n of them where there is no list. `sums` are two that take turns.
template <class L, class X, class Space, class Context>
COHORT_HIDDEN void score_rows_of(Context& context, head_map<L, Space> const& map, view<L const, 2, Space> const& hidden,
                                 head_score_body<X, Space> const& all, index_t n, head_chunk<L, X> const& chunk,
                                 row_sums* const (&sums)[2], row_sums* total) {
  after_body<head_score_body<X, Space>, row_sums> body{all, nullptr};
  equal_parts const chunks(n, chunk.rows > 0 ? chunk.rows : 1);
  if (chunks.count == 0) context.template for_each_row<basic_row_sums>(row_layout<Space>{}, body, total);
  for (index_t k = 0; k < chunks.count; ++k) {
    index_t const first = chunks.first(k), count = chunks.length(k);
    listed_rows<L const> from{hidden.data, hidden.stride[0]};
    if (all.rows)
      body.body.rows = from.list = all.rows + first;
    else
      body.body.first_row = first, from.data += first * from.stride;
    if (chunk.hidden) {
      copy_rows<L>(context, count, map.width(), from, {chunk.hidden, chunk.hidden_stride});
      from = {chunk.hidden, chunk.hidden_stride};
    }
    auto* const report = k + 1 < chunks.count ? sums[k % 2] : total;
    score_tiles(context, map, from, body, count, chunk, report);
    body.previous = report;
  }
}

} // namespace detail

COHORT_NAMESPACE_END
