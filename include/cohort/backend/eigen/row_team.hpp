// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <utility>

#include <cohort/backend/detail/one_thread.hpp>
#include <cohort/backend/eigen/streamed.hpp>
#include <cohort/backend/eigen/twin.hpp>
#include <cohort/core/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// A pack along one row. Column c always meets lane c % size of the same chain of its tile, and an absent column is
/// the identity: no bit depends on the padding width.
template <class T>
struct row_team : one_thread {
  using uniform = double;
  static constexpr int max_chunks = 128;
  static constexpr bool reopens = true;
  static constexpr index_t tile = 128 * pack_size;

  [[nodiscard]] COHORT_INLINE index_t chunk(index_t n) const {
    index_t const least = (n + max_chunks - 1) / max_chunks, whole = (least + pack_size - 1) / pack_size * pack_size;
    return (std::max)(whole, index_t{2048});
  }
  template <class X>
  [[nodiscard]] COHORT_INLINE line<X> stage(int, line<X> x, index_t) const {
    return x;
  }
  template <class X>
  [[nodiscard]] COHORT_INLINE line<X> stage_out(int, line<X> x, index_t) const {
    return x;
  }
  template <class X>
  COHORT_INLINE void commit(line<X>, line<X>, index_t) const {}
  template <class X>
  COHORT_INLINE void clear(X* p, index_t n) const {
    clear_numbers(p, n);
  }

  template <template <class> class A, class F>
  COHORT_INLINE A<double> reduce(index_t n, F f) const {
    A<double> total;
    for (index_t first = 0; first < n; first += tile)
      total = merge(total, reduce_tile<A>(first, (std::min)(first + tile, n), f));
    return total;
  }

  template <class F>
  COHORT_INLINE void for_each(index_t n, F f) const {
    if constexpr (requires { F::may_run; }) {
      for (index_t c = 0; c < n; c += pack_size) f.f(rest(n - c), c);
    } else {
      index_t const whole = n - n % pack_size;
      for (index_t c = 0; c < whole; c += pack_size) f(lanes(pack_size), c);
      if (whole < n) f(lanes(n - whole), whole);
    }
  }

  /// A state that lists its fields by `each` is scanned a pack at a time: log2 of its lanes compositions inside of it.
  template <template <class> class E, class F, class G>
  COHORT_INLINE void scan_reverse(index_t n, F f, G g) const {
    E<T> state;
    if constexpr (requires { &E<T>::template each<T, head_of, E<T>>; }) {
      for (index_t end = n; end > 0;) {
        index_t const rest = end % pack_size, count = rest > 0 ? rest : pack_size;
        end -= count;
        E<pack<T>> const x =
            compose(scan_pack<E>(count, f(lanes(count), end)), E<T>::template each<pack<T>>(all_of{}, state));
        g(lanes(count), end, x);
        state = E<pack<T>>::template each<T>(first_of{}, x);
      }
    } else {
      for (index_t c = n; c-- > 0;) {
        state = compose(f(lane<T, true>{1}, c), state);
        g(lane<T, true>{1}, c, state);
      }
    }
  }

private:
  struct head_of {
    int count;
    template <class P>
    COHORT_INLINE P operator()(P x, P identity) const {
      return lane_head(count, x, identity);
    }
  };
  struct all_of {
    template <class S>
    COHORT_INLINE pack<S> operator()(S x) const {
      return pack<S>(static_cast<double>(x));
    }
  };
  struct first_of {
    template <class S>
    COHORT_INLINE S operator()(pack<S> x) const {
      return packet::pfirst(x.low);
    }
  };
  /// The lanes moved K places toward the first; those of `rest` follow.
  template <int K>
  struct ahead {
    template <class S>
    COHORT_INLINE pack<S> operator()(pack<S> x, pack<S> rest) const {
      return moved(x, rest, std::make_index_sequence<packet_size<S>>{});
    }
    template <class S, std::size_t... At>
    static COHORT_INLINE pack<S> moved(pack<S> x, pack<S> rest, std::index_sequence<At...>) {
      pack<S> y;
      if constexpr (pack<S>::parts == 1) {
        y.low = __builtin_shufflevector(x.low, rest.low, (static_cast<int>(At) + K)...);
      } else if constexpr (K == packet_size<S>) {
        y.low = x.high, y.high = rest.low;
      } else {
        y.low = __builtin_shufflevector(x.low, x.high, (static_cast<int>(At) + K)...);
        y.high = __builtin_shufflevector(x.high, rest.low, (static_cast<int>(At) + K)...);
      }
      return y;
    }
  };

  template <template <class> class E, int K = 1>
  static COHORT_INLINE E<pack<T>> scan_lanes(E<pack<T>> const& x) {
    if constexpr (K == pack_size)
      return x;
    else
      return scan_lanes<E, 2 * K>(compose(x, E<pack<T>>::template each<pack<T>>(ahead<K>{}, x, E<pack<T>>{})));
  }
  template <template <class> class E>
  static COHORT_INLINE E<pack<T>> scan_pack(index_t count, E<pack<T>> const& x) {
    E<pack<T>> y = x;
    if (count < pack_size) y = E<pack<T>>::template each<pack<T>>(head_of{static_cast<int>(count)}, x, E<pack<T>>{});
    return scan_lanes<E>(y);
  }

  static COHORT_INLINE lane<pack<T>, true> lanes(index_t count) { return {static_cast<int>(count)}; }
  static COHORT_INLINE rest_lane<pack<T>> rest(index_t left) {
    return {static_cast<int>((std::min)(index_t{pack_size}, left))};
  }

  /// Two chains, because an addition takes four cycles to be seen; one where a term is so much work that its registers
  /// are worth more.
  template <template <class> class A, class F>
  static COHORT_INLINE A<double> reduce_tile(index_t first, index_t end, F& f) {
    using partial = decltype(f(lanes(pack_size), first));
    if constexpr (requires { F::may_run; })
      return reduce_large<A, partial>(first, end, f);
    else if constexpr (requires { typename F::interleaves; })
      return reduce_twins<A, partial>(first, end, f);
    else if constexpr (sizeof(partial) > 4 * sizeof(pack<T>))
      return reduce_chain<A, partial>(first, end, f);
    partial even, odd;
    index_t c = first;
    for (; c + 2 * pack_size <= end; c += 2 * pack_size) {
      even = merge(even, f(lanes(pack_size), c));
      odd = merge(odd, f(lanes(pack_size), c + pack_size));
    }
    for (bool second = false; c < end; c += pack_size, second = true) {
      int const count = static_cast<int>((std::min)(index_t{pack_size}, end - c));
      partial const x = head(count, f(lanes(count), c));
      if (second)
        odd = merge(odd, x);
      else
        even = merge(even, x);
    }
    return fold(merge(even, odd));
  }

  template <class Partial, class F>
  static COHORT_INLINE Partial rest_of(rest_lane<pack<T>> at, index_t c, F& f) {
    Partial const x = f(at, c);
    return at.count < pack_size ? head(at.count, x) : x;
  }

  /// The same chains, the text of f once for whole packs of runs and once for the rest.
  template <template <class> class A, class Partial, class F>
  static COHORT_INLINE A<double> reduce_large(index_t first, index_t end, F& f) {
    if constexpr (sizeof(Partial) <= 4 * sizeof(pack<T>)) return reduce_large_twice<A, Partial>(first, end, f);
    constexpr run_lane<pack<T>> whole{};
    Partial sum;
    index_t c = first;
    if constexpr (F::may_run)
      if (f.runs)
        for (; c + pack_size <= end; c += pack_size) sum = merge(sum, f.f(whole, c));
    if constexpr (requires { f.open; }) {
      Partial const seen = sum; // the sums of a loop stay in registers if nobody has their address
      return c == end ? fold_apart<A>(seen) : with_rest<A>(seen, c, end, f.open);
    } else {
      for (; c < end; c += pack_size) sum = merge(sum, rest_of<Partial>(rest(end - c), c, f.f));
      return fold(sum);
    }
  }

  /// The rest of a row that is opened again, after what was `seen` of it.
  template <template <class> class A, class Partial, class Open>
  COHORT_APART COHORT_HIDDEN static A<double> with_rest(Partial const& seen, index_t first, index_t end, Open open) {
    auto const row = open();
    Partial sum = seen;
    for (index_t c = first; c < end; c += pack_size) sum = merge(sum, rest_of<Partial>(rest(end - c), c, row));
    Partial const all = sum;
    return fold_apart<A>(all);
  }
  template <template <class> class A, class Partial>
  COHORT_APART COHORT_HIDDEN static A<double> fold_apart(Partial const& sum) {
    return fold(sum);
  }

  /// Two chains: `next` is the one whose turn it is.
  template <template <class> class A, class Partial, class F>
  static COHORT_INLINE A<double> reduce_large_twice(index_t first, index_t end, F& f) {
    constexpr run_lane<pack<T>> whole{};
    Partial next, other;
    auto const take = [&](Partial const& x) COHORT_FLAT {
      Partial const sum = merge(next, x);
      next = other, other = sum;
    };
    index_t c = first;
    if constexpr (F::may_run)
      if (f.runs) {
        if constexpr (sizeof(Partial) > sizeof(pack<T>)) // turns would be moves of every field, and the text is short
          for (; c + 2 * pack_size <= end; c += 2 * pack_size)
            next = merge(next, f.f(whole, c)), other = merge(other, f.f(whole, c + pack_size));
        else
          for (; c + pack_size <= end; c += pack_size) take(f.f(whole, c));
      }
    for (; c < end; c += pack_size) take(rest_of<Partial>(rest(end - c), c, f.f));
    bool const odd = (end - first + pack_size - 1) / pack_size % 2 != 0;
    return fold(odd ? merge(other, next) : merge(next, other));
  }

  /// The same two chains, but step by step: the same bits.
  template <template <class> class A, class Partial, class F>
  static COHORT_INLINE A<double> reduce_twins(index_t first, index_t end, F& f) {
    constexpr int both = 2 * pack_size;
    using twins = lane<twin<pack<T>>, true>;
    decltype(f(twins{both}, first)) sums;
    index_t c = first;
    for (; c + both <= end; c += both) sums = merge(sums, f(twins{both}, c));
    if (c == end) return fold(sums);
    Partial sum;
    for (; c < end; c += pack_size) sum = merge(sum, rest_of<Partial>(rest(end - c), c, f));
    return merge(fold(sums), fold(sum));
  }

  template <template <class> class A, class Partial, class F>
  static COHORT_INLINE A<double> reduce_chain(index_t first, index_t end, F& f) {
    Partial sum;
    index_t c = first;
    for (; c + pack_size <= end; c += pack_size) sum = merge(sum, f(lanes(pack_size), c));
    if (c < end) sum = merge(sum, head(static_cast<int>(end - c), f(lanes(end - c), c)));
    return fold(sum);
  }
};

} // namespace detail

COHORT_NAMESPACE_END
