// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows by number: those that something is true of.
#pragma once

#include <cstdint>

#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// f(k) for k < n, in any order.
template <class Team, class F>
COHORT_HOST_DEVICE void each_index(Team const& team, index_t n, F f) {
  team.for_each(n, [f]<class At>(At at, index_t c) COHORT_FLAT {
    for (index_t k = c; k < c + at.count; ++k) f(k);
  });
}

/// The numbers i < n with flag(i), in ascending order, and how many; without a place for that, -1 behind the last.
template <class T, class Flag>
struct list_rows_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  index_t n;
  Flag flag;
  line<index_t> list;
  index_t* count;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t) const {
    index_t const found = team.list(n, flag, list);
    if (count)
      team.once([to = count, found] { *to = found; });
    else
      each_index(team, n - found,
                 [rest = list.p + found * list.step, step = list.step](index_t k) COHORT_FLAT { rest[k * step] = -1; });
    return {};
  }
};

template <class T, class Context, class Flag>
COHORT_HIDDEN void list_rows(Context& context, index_t n, Flag const& flag, line<index_t> list, index_t* count) {
  row_layout<typename Context::memory_space> const one{.rows = 1, .width = n};
  context.template for_each_row<nothing>(one, list_rows_body<T, Flag>{n, flag, list, count}, nullptr);
}
/// How many there are: waits for it.
template <class T, class Context, class Flag>
COHORT_HIDDEN index_t count_rows(Context& context, index_t n, Flag const& flag, index_t* list, index_t* count) {
  list_rows<T>(context, n, flag, {list, 1}, count);
  return context.fetch(count);
}

/// Tokens whose rows are looked at (1), or of these the ones with a gradient (2).
struct token_is_live {
  std::uint8_t const* live;
  std::uint8_t at_least;
  [[nodiscard]] COHORT_HOST_DEVICE bool operator()(index_t t) const { return live[t] >= at_least; }
};

} // namespace detail

COHORT_NAMESPACE_END
