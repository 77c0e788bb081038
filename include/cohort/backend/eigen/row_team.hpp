// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/core/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// A pack along one row. Column c always meets lane c % size of the same chain of its tile, and an absent column is
/// the identity: no bit depends on the padding width.
template <class T>
struct row_team {
  using uniform = double;
  static constexpr int max_chunks = 128;
  static constexpr bool runs_pay = true;
  static constexpr index_t tile = 128 * pack_size;

  [[nodiscard]] index_t chunk(index_t n) const {
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
  template <class F>
  COHORT_INLINE void once(F f) const {
    f();
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
    index_t const whole = n - n % pack_size;
    for (index_t c = 0; c < whole; c += pack_size) f(at(pack_size), c);
    if (whole < n) f(at(n - whole), whole);
  }

  template <template <class> class E, class F, class G>
  COHORT_INLINE void scan_reverse(index_t n, F f, G g) const {
    E<T> state;
    for (index_t c = n; c-- > 0;) {
      state = compose(f(lane<T, true>{1}, c), state);
      g(lane<T, true>{1}, c, state);
    }
  }

private:
  static COHORT_INLINE lane<pack<T>, true> at(index_t count) { return {static_cast<int>(count)}; }

  /// Two chains, because an addition takes four cycles to be seen; one where a term is so much work that its registers
  /// are worth more.
  template <template <class> class A, class F>
  static COHORT_INLINE A<double> reduce_tile(index_t first, index_t end, F& f) {
    using partial = decltype(f(at(pack_size), first));
    if constexpr (sizeof(partial) > 4 * sizeof(pack<T>)) return reduce_chain<A, partial>(first, end, f);
    partial even, odd;
    index_t c = first;
    for (; c + 2 * pack_size <= end; c += 2 * pack_size) {
      even = merge(even, f(at(pack_size), c));
      odd = merge(odd, f(at(pack_size), c + pack_size));
    }
    for (bool second = false; c < end; c += pack_size, second = true) {
      int const count = static_cast<int>((std::min)(index_t{pack_size}, end - c));
      partial const x = head(count, f(at(count), c));
      if (second)
        odd = merge(odd, x);
      else
        even = merge(even, x);
    }
    return fold(merge(even, odd));
  }

  template <template <class> class A, class Partial, class F>
  static COHORT_INLINE A<double> reduce_chain(index_t first, index_t end, F& f) {
    Partial sum;
    index_t c = first;
    for (; c + pack_size <= end; c += pack_size) sum = merge(sum, f(at(pack_size), c));
    if (c < end) sum = merge(sum, head(static_cast<int>(end - c), f(at(end - c), c)));
    return fold(sum);
  }
};

} // namespace detail

COHORT_NAMESPACE_END
