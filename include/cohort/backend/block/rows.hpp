// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What one block, or cluster of blocks, does with a range of rows: the text of the kernels, and of their emulation.
#pragma once

#include <cohort/backend/block/plan.hpp>
#include <cohort/backend/block/team.hpp>
#include <cohort/backend/detail/block_range.hpp>
#include <cohort/backend/detail/thread_team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// One row after the other, each by the whole team.
template <class Sum, class Body, class Team>
COHORT_HOST_DEVICE COHORT_INLINE Sum sum_of_rows(Team const& team, Body const& body, block_range range) {
  Sum sum;
  for (index_t r = range.first; r < range.last; ++r) sum = merge(sum, body(team, r));
  return sum;
}

/// Which row of a tile a thread has: its own number, or, where there are fewer rows than threads, in turn among the warps.
template <class Threads>
[[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE int row_of_thread(int t, int rows) {
  if (rows == Threads::block_threads) return t;
  int const row = t % warp_threads * warps_of<Threads> + t / warp_threads;
  return row < rows ? row : -1;
}

/// Tiles of at most as many rows as the block has threads: a thread, a warp or the block for each, by its length.
template <class Sum, class Body, class Threads, class Space>
COHORT_HOST_DEVICE COHORT_INLINE Sum sum_by_length(Threads const& threads, Body const& body,
                                                   row_layout<Space> const& rows, int rows_per_tile,
                                                   block_range tiles) {
  using T = typename Body::compute_type;
  index_t const of_thread = cells_of_thread(rows);
  typename Threads::template each<Sum> sum;
  for (index_t tile = tiles.first; tile < tiles.last; ++tile) {
    index_t const first = tile * rows_per_tile;
    auto const row = [&](int t) COHORT_FLAT { return first + row_of_thread<Threads>(t, rows_per_tile); };
    auto const length = [&](int t) COHORT_FLAT {
      return row_of_thread<Threads>(t, rows_per_tile) >= 0 && row(t) < rows.rows ? rows.length(row(t)) : index_t{-1};
    };
    typename Threads::template each<bool> of_warp, of_block;
    threads.run([&](int t) COHORT_FLAT {
      index_t const n = length(t);
      of_warp[t] = n > of_thread && n <= warp_cells;
      of_block[t] = n > warp_cells;
      if (n >= 0 && n <= of_thread) sum[t] = merge(sum[t], body(thread_team<T>{}, row(t)));
    });
    auto const add = [&](int owner, Sum const& x) COHORT_FLAT {
      threads.run([&](int t) COHORT_FLAT {
        if (t == owner) sum[t] = merge(sum[t], x);
      });
    };
    threads.each_set_of_warp(of_warp, [&](auto const& warp, int t) COHORT_FLAT {
      add(t, body(thread_row_team<T, std::remove_cvref_t<decltype(warp)>>(warp), row(t)));
    });
    if (!threads.any(of_block)) continue;
    for (int t = 0; t < Threads::block_threads; ++t)
      if (length(t) > warp_cells) add(t, body(thread_row_team<T, Threads>(threads), row(t)));
  }
  return merged(threads, sum);
}

/// The sums of all blocks as one.
template <class Sum, class Threads>
COHORT_HOST_DEVICE COHORT_INLINE Sum sum_of_slots(Threads const& threads, Sum const* partial_sums, index_t count) {
  typename Threads::template each<Sum> sum;
  threads.run([&](int t) COHORT_FLAT {
    for (index_t i = t; i < count; i += Threads::block_threads) sum[t] = merge(sum[t], partial_sums[i]);
  });
  return merged(threads, sum);
}

} // namespace detail

COHORT_NAMESPACE_END
