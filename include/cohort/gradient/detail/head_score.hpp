// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Log-probs of some rows of a head, a tile of the vocabulary at a time: what the tiles before say of a row is kept in
/// five doubles, and merged.
#pragma once

#include <cohort/gradient/detail/head_logits.hpp>
#include <cohort/gradient/detail/token_log_prob_body.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// A row so far: its normalisation, and its token's logit.
struct row_so_far {
  row_softmax softmax;
  double logit;
};

/// Rows of logits over classes [first, first + classes): row i is row rows[i] of the batch.
template <class T, class Space>
struct head_score_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  listed_rows<T const> logits;
  index_t first, classes, vocabulary;
  index_t const* rows; ///< null: row first_row + i
  index_t first_row;
  index_view<Space> token;
  double inverse_temperature;
  row_so_far* state;
  row_outputs<T, Space> out;
  row_sums const* previous; ///< of the rows before; null: none

  template <class Team>
  COHORT_HOST_DEVICE row_sums operator()(Team const& team, index_t i) const {
    logit_row<T, false> const row{logits[i]};
    auto const s = out.entropy.given()
                       ? softmax_of<softmax_moments::entropy>(team, row, no_stash{}, classes, inverse_temperature)
                       : softmax_of<softmax_moments::none>(team, row, no_stash{}, classes, inverse_temperature);
    index_t const r = rows ? rows[i] : first_row + i, id = token[r];
    row_so_far x = first > 0 ? state[i] : row_so_far{{.inverse_temperature = inverse_temperature}, not_a_number};
    if (s.high > -infinity || !(s.sum == 0)) add_chunk(x.softmax, s, s.high);
    if (id >= first && id < first + classes) x.logit = row.at(id - first);
    if (first + classes < vocabulary) return keep(team, i, x), row_sums{};
    auto const counted = close(team, r, x);
    return previous && i == 0 ? merge(*previous, counted) : counted;
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
    return token_rows<T, Space>::report(good, r);
  }
};

/// Rows of the workspace that a chunk of logits needs.
template <class T>
struct head_chunk {
  static constexpr index_t tile = 8192; ///< classes at a time where logits are only read

  index_t rows = 0;
  index_t stride = 0; ///< of the logits
  index_t hidden_stride = 0;
  T* logits = nullptr;
  T* hidden = nullptr; ///< null: rows are taken where they stand
  row_so_far* state = nullptr;
};

/// n elements of T in whole lines of the workspace's alignment.
template <class T>
constexpr index_t whole_lines(index_t n) {
  constexpr index_t elements = workspace_layout::alignment / index_t{sizeof(T)};
  return (n / elements + (n % elements != 0)) * elements;
}

/// `rows` rows of a matrix in the workspace.
template <class T>
T* take_rows(workspace_layout& memory, index_t rows, index_t stride) {
  index_t elements = 0;
  return memory.take<T>(checked_multiply(rows, stride, elements) ? elements : -1);
}

/// Equal chunks of at most `most`.
struct even_chunks {
  index_t n, count, size;
  even_chunks(index_t rows, index_t most)
      : n(rows), count(rows > 0 ? (rows - 1) / most + 1 : 0), size(count > 0 ? (rows - 1) / count + 1 : 0) {}
  [[nodiscard]] index_t first(index_t chunk) const { return chunk * size; }
  [[nodiscard]] index_t length(index_t chunk) const { return size < n - first(chunk) ? size : n - first(chunk); }
};

/// Scores rows rows[0..n) of the batch, or all n of them where there is no list. `reports` are two that take turns.
template <class T, class Space, class Context>
void score_rows_of(Context& context, head_map<T, Space> const& map, view<T const, 2, Space> const& hidden,
                   head_score_body<T, Space> body, index_t n, head_chunk<T> const& chunk, row_sums* const (&reports)[2],
                   row_sums* total) {
  index_t const* const rows = body.rows;
  even_chunks const chunks(n, chunk.rows > 0 ? chunk.rows : 1);
  body.previous = nullptr;
  if (chunks.count == 0) context.template for_each_row<basic_row_sums>(row_layout<Space>{}, body, total);
  for (index_t k = 0; k < chunks.count; ++k) {
    index_t const count = chunks.length(k);
    listed_rows<T const> from{hidden.data, hidden.stride[0], rows ? rows + chunks.first(k) : nullptr};
    if (!rows) from.data += chunks.first(k) * from.stride;
    body.rows = from.list, body.first_row = chunks.first(k);
    if (chunk.hidden) {
      copy_rows<T>(context, count, map.width(), from, {chunk.hidden, chunk.hidden_stride});
      from = {chunk.hidden, chunk.hidden_stride};
    }
    auto* const report = k + 1 < chunks.count ? reports[k % 2] : total;
    for (body.first = 0; body.first < map.vocabulary(); body.first += head_chunk<T>::tile) {
      index_t const left = map.vocabulary() - body.first;
      body.classes = left < head_chunk<T>::tile ? left : head_chunk<T>::tile;
      map.logits(context, count, from.data, from.stride, body.first, body.classes, chunk.logits, chunk.stride);
      context.template for_each_row<basic_row_sums>(row_layout<Space>{.rows = count, .width = body.classes}, body,
                                                    left > body.classes ? nullptr : report);
    }
    body.previous = report;
  }
}

} // namespace detail

COHORT_NAMESPACE_END
