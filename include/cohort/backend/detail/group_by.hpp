// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Grouping in the memory at hand: a merge sort by ranks, whose second buffer is the offsets that are not known yet.
#pragma once

#include <utility>

#include <cohort/backend/detail/block_range.hpp>
#include <cohort/core/view.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

struct iota_index {
  index_t* out;
  COHORT_HOST_DEVICE void operator()(index_t i) const { out[i] = i; }
};

/// Element i of sorted runs of `width` goes where it belongs in the run of twice that, before its equals from the right.
template <class Space>
struct merge_runs {
  index_view<Space> ids;
  index_t n, width;
  index_t const* from;
  index_t* to;

  COHORT_HOST_DEVICE void operator()(index_t i) const {
    index_t const run = i / width, sibling = (run ^ 1) * width;
    index_t const pair = run / 2 * 2 * width, place = i - run * width;
    to[pair + place + before(ids[from[i]], sibling, run % 2 == 1)] = from[i];
  }

private:
  /// How many of the run from `first` on come before `id`; equal ones, too, where `with_equals`.
  [[nodiscard]] COHORT_HOST_DEVICE index_t before(index_t id, index_t first, bool with_equals) const {
    index_t low = first < n ? first : n, high = first + width < n ? first + width : n;
    index_t const begin = low;
    while (low < high) {
      index_t const middle = low + (high - low) / 2, other = ids[from[middle]];
      if (other < id || (with_equals && other == id))
        low = middle + 1;
      else
        high = middle;
    }
    return low - begin;
  }
};

/// The starts of runs of equal ids within block b: counted, then written from where the blocks before it end.
template <class Space>
struct starts_of_runs {
  index_view<Space> ids;
  index_t n, blocks;
  index_t const* order;
  index_t* counts;  ///< of each block, or how many come before it
  index_t* offsets; ///< null while counting

  COHORT_HOST_DEVICE void operator()(index_t b) const {
    block_range const block(n, blocks, b);
    index_t found = offsets ? counts[b] : 0;
    for (index_t i = block.first; i < block.last; ++i) {
      if (i > 0 && ids[order[i]] == ids[order[i - 1]]) continue;
      if (offsets) offsets[found] = i;
      ++found;
    }
    if (!offsets) counts[b] = found;
  }
};

/// counts[b] becomes what comes before block b; counts[blocks] all of it.
struct sums_before {
  index_t* counts;
  index_t blocks;
  COHORT_HOST_DEVICE void operator()(index_t) const {
    index_t sum = 0;
    for (index_t b = 0; b < blocks; ++b) {
      index_t const count = counts[b];
      counts[b] = sum;
      sum += count;
    }
    counts[blocks] = sum;
  }
};

struct pad_offsets {
  index_t const* groups;
  index_t n;
  index_t* offsets;
  COHORT_HOST_DEVICE void operator()(index_t i) const {
    if (i >= *groups) offsets[i] = n;
  }
};

/// execution_context's group_by. each(n, f) runs f(i) for i in [0, n), after all before; `counts` has room for
/// group_blocks + 1. O(n log^2 n) work in log n + 5 steps.
inline constexpr index_t group_blocks = 1024;
template <class Each, class Space>
COHORT_HIDDEN void group_by_merging(Each const& each, index_view<Space> const& ids, index_t n, index_t* order,
                                    index_t* offsets, index_t* counts) {
  int levels = 0;
  while ((index_t{1} << levels) < n) ++levels;
  index_t *from = order, *to = offsets;
  if (levels % 2 == 1) std::swap(from, to);
  each(n, iota_index{from});
  for (int level = 0; level < levels; ++level, std::swap(from, to))
    each(n, merge_runs<Space>{ids, n, index_t{1} << level, from, to});
  index_t const blocks = n < group_blocks ? n : group_blocks;
  each(blocks, starts_of_runs<Space>{ids, n, blocks, order, counts, nullptr});
  each(1, sums_before{counts, blocks});
  each(blocks, starts_of_runs<Space>{ids, n, blocks, order, counts, offsets});
  each(n + 1, pad_offsets{counts + blocks, n, offsets});
}

} // namespace detail

COHORT_NAMESPACE_END
