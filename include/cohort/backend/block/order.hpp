// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// In which order the threads of a warp, a block or a cluster of blocks make one value of many. Written once: the device
/// and its emulation on the host differ in what a thread is (block/threads.hpp).
#pragma once

#include <type_traits>

#include <cohort/backend/block/threads.hpp>
#include <cohort/core/accumulator.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class Threads>
inline constexpr int warps_of = (Threads::block_threads + warp_threads - 1) / warp_threads;

/// The merge of all threads' x, on all of them: halves of a warp, then warps in order, then blocks in order.
template <class Threads, class Each>
COHORT_HOST_DEVICE COHORT_INLINE auto merged(Threads const& threads, Each& x) {
  using X = std::remove_cvref_t<decltype(x[0])>;
  for (int half = warp_threads / 2; half > 0; half /= 2) {
    auto const other = threads.ahead(x, half);
    threads.run([&](int t) COHORT_FLAT { x[t] = merge(x[t], other[t]); });
  }
  Each block;
  auto const heads = threads.heads(x);
  threads.run([&](int t) COHORT_FLAT {
    X sum = heads(t, 0);
    for (int warp = 1; warp < warps_of<Threads>; ++warp) sum = merge(sum, heads(t, warp));
    block[t] = sum;
  });
  if constexpr (Threads::clustered) {
    auto const fronts = threads.fronts(block);
    threads.run([&](int t) COHORT_FLAT {
      X sum = fronts(0);
      for (int rank = 1; rank < threads.ranks(); ++rank) sum = merge(sum, fronts(rank));
      block[t] = sum;
    });
    threads.fronts_read();
  }
  return threads.value(block);
}

/// What follows each thread's state, its own left out: compose(x[t + 1], compose(..., carry)). The carry becomes what
/// follows the tile before this one.
template <class Threads, class Each, class X>
COHORT_HOST_DEVICE COHORT_INLINE Each following(Threads const& threads, Each x, X& carry) {
  static_assert(!Threads::clustered, "sequences are not cut over blocks");
  for (int step = 1; step < warp_threads; step *= 2) {
    auto const other = threads.ahead(x, step);
    threads.run([&](int t) COHORT_FLAT {
      if (t % warp_threads + step < warp_threads) x[t] = compose(x[t], other[t]);
    });
  }
  auto const next = threads.ahead(x, 1);
  auto const heads = threads.heads(x);
  Each after, whole;
  threads.run([&](int t) COHORT_FLAT {
    X rest = carry;
    for (int warp = warps_of<Threads> - 1; warp > t / warp_threads; --warp) rest = compose(heads(t, warp), rest);
    after[t] = t % warp_threads + 1 < warp_threads ? compose(next[t], rest) : rest;
    for (int warp = t / warp_threads; warp >= 0; --warp) rest = compose(heads(t, warp), rest);
    whole[t] = rest;
  });
  carry = threads.value(whole);
  return after;
}

} // namespace detail

COHORT_NAMESPACE_END
