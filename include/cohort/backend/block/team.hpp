// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The team of a row on a GPU: a warp, a block, or a cluster of blocks that have a slice of the row each. Cells go to
/// threads round robin, a few neighbours at a time as the lanes of one thread.
#pragma once

#include <limits>
#include <type_traits>

#include <cohort/backend/block/order.hpp>
#include <cohort/backend/block/pack.hpp>
#include <cohort/core/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// How many neighbouring cells a thread takes at a time: 8 numbers of two bytes fill 16, as memory likes it; 4 are enough
/// for shared memory, and leave registers. One where there are few cells, or an accumulator has many fields.
template <class S, std::size_t Bytes, bool Few, int Most>
inline constexpr int lanes_of_thread = Few || Bytes > 4 * sizeof(S) ? 1 : (sizeof(S) == 8 && Most > 2 ? 2 : Most);
template <class S, int Lanes>
using thread_lane = std::conditional_t<Lanes == 1, S, thread_pack<S, Lanes>>;

/// The cells that one block of a cluster holds: [rank * slice, (rank + 1) * slice), the last one's to the end.
struct row_slices {
  index_t slice = (std::numeric_limits<index_t>::max)();
  [[nodiscard]] COHORT_HOST_DEVICE index_t first(int rank) const { return rank > 0 ? rank * slice : 0; }
  [[nodiscard]] COHORT_HOST_DEVICE index_t last(int rank, int ranks, index_t n) const {
    return rank + 1 < ranks && (rank + 1) * slice < n ? (rank + 1) * slice : n;
  }
  [[nodiscard]] COHORT_HOST_DEVICE int rank_of(index_t c, int ranks) const {
    index_t const rank = c / slice;
    return rank < ranks ? static_cast<int>(rank) : ranks - 1;
  }
};

/// What a team stages nothing with.
struct no_stage {
  static constexpr int lanes = 8;
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE line<X> in(int, line<X> x, index_t) const {
    return x;
  }
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE line<X> out(int, line<X> x, index_t) const {
    return x;
  }
  template <class X>
  COHORT_HOST_DEVICE void commit(line<X>, line<X>, index_t) const {}
};

/// Threads: block/threads.hpp. Stage: what is done to have a row close.
template <class S, class Threads, class Stage = no_stage>
class thread_row_team {
public:
  using uniform = double;
  static constexpr int max_chunks = 1;

  COHORT_HOST_DEVICE explicit thread_row_team(Threads const& threads, Stage const& stage = {}, row_slices slices = {})
      : threads_(threads), stage_(stage), slices_(slices) {}

  [[nodiscard]] COHORT_HOST_DEVICE index_t chunk(index_t n) const { return n > 0 ? n : 1; }
  /// What single cells were read for may be overwritten afterwards: all threads have read them.
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE line<X> stage(int slot, line<X> x, index_t n) const {
    line<X> const staged = stage_.in(slot, x, n);
    threads_.sync();
    return staged;
  }
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE line<X> stage_out(int slot, line<X> x, index_t n) const {
    return stage_.out(slot, x, n);
  }
  template <class X>
  COHORT_HOST_DEVICE void commit(line<X> staged, line<X> x, index_t n) const {
    stage_.commit(staged, x, n);
  }

  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void once(F f) const {
    at(0, f);
  }
  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void at(index_t c, F f) const {
    int const owner = slices_.rank_of(c, threads_.ranks()) * Threads::block_threads;
    threads_.run([&](int t) COHORT_FLAT {
      if (t == owner) f();
    });
    threads_.sync();
  }

  template <template <class> class A, class F>
  COHORT_HOST_DEVICE COHORT_INLINE A<double> reduce(index_t n, F f) const {
    typename Threads::template each<A<double>> sum;
    threads_.run([&](int t) COHORT_FLAT { sum[t] = sum_of_thread<A>(t, n, f); });
    return merged(threads_, sum);
  }

  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void for_each(index_t n, F f) const {
    using V = thread_lane<S, lanes_of_thread<S, sizeof(S), false, Stage::lanes>>;
    constexpr int size = lane_traits<V>::size;
    threads_.run([&](int t) COHORT_FLAT {
      index_t const last = last_of(t, n);
      index_t c = first_of(t, size);
      for (; c + size <= last; c += index_t{size} * Threads::block_threads) f(lane<V, true>{size}, c);
      if (c < last) f(lane<V, true>{static_cast<int>(last - c)}, c);
    });
    threads_.sync();
  }

  /// Tiles from the end; a thread scans its own few cells, and what follows them comes from the other threads.
  template <template <class> class E, class F, class G>
  COHORT_HOST_DEVICE COHORT_INLINE void scan_reverse(index_t n, F f, G g) const {
    if constexpr (requires { &E<S>::template each<S, lane_at<0>, E<S>>; })
      scan_tiles<thread_pack<S, 2>, E>(n, f, g);
    else
      scan_tiles<S, E>(n, f, g);
    threads_.sync();
  }

  /// Ascending numbers i < n with flag(i), and how many: thread t of a tile looks at its cell t from the end, so that what
  /// follows a thread is what comes before its cell.
  template <class Flag>
  COHORT_HOST_DEVICE COHORT_INLINE index_t list(index_t n, Flag const& flag, line<index_t> to) const {
    count_before found;
    for (index_t first = 0; first < n; first += Threads::block_threads) {
      typename Threads::template each<count_before> here;
      auto const cell = [&](int t) COHORT_FLAT { return first + (Threads::block_threads - 1 - t); };
      threads_.run([&](int t) COHORT_FLAT { here[t].count = cell(t) < n && flag(cell(t)) ? 1 : 0; });
      auto const before = following(threads_, here, found);
      threads_.run([&](int t) COHORT_FLAT {
        if (here[t].count > 0) to.p[before[t].count * to.step] = cell(t);
      });
    }
    threads_.sync();
    return found.count;
  }

private:
  struct count_before {
    index_t count = 0;
    friend COHORT_HOST_DEVICE count_before compose(count_before a, count_before b) { return {a.count + b.count}; }
  };

  [[nodiscard]] COHORT_HOST_DEVICE index_t first_of(int t, int size) const {
    return slices_.first(threads_.rank(t)) + index_t{t % Threads::block_threads} * size;
  }
  [[nodiscard]] COHORT_HOST_DEVICE index_t last_of(int t, index_t n) const {
    return slices_.last(threads_.rank(t), threads_.ranks(), n);
  }

  /// In the lanes for a bounded number of terms, then in double.
  template <template <class> class A, class F>
  COHORT_HOST_DEVICE COHORT_INLINE A<double> sum_of_thread(int t, index_t n, F const& f) const {
    constexpr bool few = requires { A<S>::few; };
    using V = thread_lane<S, lanes_of_thread<S, sizeof(A<S>), few, Stage::lanes>>;
    constexpr int size = lane_traits<V>::size, most = 64;
    constexpr index_t step = index_t{size} * Threads::block_threads;
    index_t const last = last_of(t, n);
    index_t c = first_of(t, size);
    A<double> total;
    while (c < last) {
      decltype(f(lane<V, true>{size}, c)) sum;
      for (int term = 0; term < most && c + size <= last; ++term, c += step)
        sum = merge(sum, f(lane<V, true>{size}, c));
      if (c < last && last - c < size) {
        int const count = static_cast<int>(last - c);
        sum = merge(sum, head(count, f(lane<V, true>{count}, c)));
        c = last;
      }
      total = merge(total, fold(sum));
    }
    return total;
  }

  template <int K>
  struct lane_at {
    template <class P>
    COHORT_HOST_DEVICE COHORT_INLINE auto operator()(P const& x) const {
      return x.x[K];
    }
  };
  struct both_lanes {
    template <class X>
    COHORT_HOST_DEVICE COHORT_INLINE auto operator()(X first, X second) const {
      thread_pack<X, 2> x;
      x.x[0] = first, x.x[1] = second;
      return x;
    }
  };

  /// The states of one thread's cells, one or two, each with those that follow in the thread.
  template <class V, template <class> class E>
  struct states {
    static constexpr int size = lane_traits<V>::size;
    E<S> of[size];

    COHORT_HOST_DEVICE COHORT_INLINE void take(E<V> const& x, [[maybe_unused]] int count) {
      if constexpr (size == 1) {
        of[0] = x;
      } else {
        of[0] = E<V>::template each<S>(lane_at<0>{}, x);
        if (count > 1) of[1] = E<V>::template each<S>(lane_at<1>{}, x);
        of[0] = compose(of[0], of[1]);
      }
    }
    COHORT_HOST_DEVICE COHORT_INLINE E<V> with(E<S> const& rest) const {
      if constexpr (size == 1)
        return compose(of[0], rest);
      else
        return E<S>::template each<V>(both_lanes{}, compose(of[0], rest), compose(of[1], rest));
    }
  };

  template <class V, template <class> class E, class F, class G>
  COHORT_HOST_DEVICE COHORT_INLINE void scan_tiles(index_t n, F const& f, G const& g) const {
    constexpr int size = lane_traits<V>::size;
    constexpr index_t tile = index_t{size} * Threads::block_threads;
    E<S> carry;
    for (index_t first = n > 0 ? (n - 1) / tile * tile : -1; first >= 0; first -= tile) {
      typename Threads::template each<states<V, E>> own;
      typename Threads::template each<E<S>> heads;
      auto const cell = [&](int t) COHORT_FLAT { return first + index_t{t} * size; };
      auto const count = [&](int t) COHORT_FLAT { return n - cell(t) < size ? static_cast<int>(n - cell(t)) : size; };
      threads_.run([&](int t) COHORT_FLAT {
        if (cell(t) < n) own[t].take(f(lane<V, true>{count(t)}, cell(t)), count(t));
        heads[t] = own[t].of[0];
      });
      auto const rest = following(threads_, heads, carry);
      threads_.run([&](int t) COHORT_FLAT {
        if (cell(t) < n) g(lane<V, true>{count(t)}, cell(t), own[t].with(rest[t]));
      });
    }
  }

  Threads threads_;
  Stage stage_;
  row_slices slices_;
};

} // namespace detail

COHORT_NAMESPACE_END
