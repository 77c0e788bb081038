// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The threads of a team in lock step, played on the host: `ranks` blocks of `block_threads`, in warps of 32.
///
///   each<X>          a variable of every thread: x[t]
///   run(f)           f(t) on every thread
///   ahead(x, k)      each thread gets x of the thread k lanes on in its warp; its own where there is none
///   heads(x)         x of the first thread of each warp of a block, as h(t, warp) on the threads of that block
///   fronts(x)        x of the first thread of each block, as b(rank), where there are several
///   value(x)         x of any thread: the same on all of them
///   fronts_read()    the calling thread needs them no more
///   ranks()          blocks; rank(t): which one; sync(): what a block wrote is visible to its threads
///   any(x)           whether x is set on a thread of the block
///   each_set_of_warp(x, f)   f(warp, t) for each thread t of a warp whose x is set, in order, by the whole warp
///
/// The device's own threads have the same words, and everything else is written once in them: block/order.hpp.
#pragma once

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

inline constexpr int warp_threads = 32;

template <int Threads, int Ranks = 1>
struct emulated_threads {
  static constexpr int block_threads = Threads;
  static constexpr bool clustered = Ranks > 1;
  static constexpr int all = Threads * Ranks;

  template <class X>
  struct each {
    X values[all];
    COHORT_INLINE X& operator[](int t) { return values[t]; }
    COHORT_INLINE X const& operator[](int t) const { return values[t]; }
  };

  template <class F>
  COHORT_INLINE void run(F f) const {
    for (int t = 0; t < all; ++t) f(t);
  }
  template <class Each>
  COHORT_INLINE Each ahead(Each const& x, int k) const {
    Each moved;
    run([&](int t) { moved[t] = t % warp_threads + k < warp_threads && t + k < all ? x[t + k] : x[t]; });
    return moved;
  }
  template <class Each>
  COHORT_INLINE auto heads(Each const& x) const {
    return [&x](int t, int warp) { return x[t / Threads * Threads + warp * warp_threads]; };
  }
  template <class Each>
  COHORT_INLINE auto fronts(Each const& x) const {
    return [&x](int rank) { return x[rank * Threads]; };
  }
  template <class Each>
  COHORT_INLINE auto value(Each const& x) const {
    return x[0];
  }
  COHORT_INLINE static void fronts_read() {}
  COHORT_INLINE static constexpr int ranks() { return Ranks; }
  COHORT_INLINE static int rank(int t) { return t / Threads; }
  COHORT_INLINE static void sync() {}

  COHORT_INLINE bool any(each<bool> const& x) const {
    bool found = false;
    run([&](int t) { found = found || x[t]; });
    return found;
  }
  template <class F>
  COHORT_INLINE void each_set_of_warp(each<bool> const& x, F f) const {
    run([&](int t) {
      if (x[t]) f(emulated_threads<warp_threads>{}, t);
    });
  }
};

} // namespace detail

COHORT_NAMESPACE_END
