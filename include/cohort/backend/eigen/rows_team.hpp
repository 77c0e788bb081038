// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <concepts>
#include <type_traits>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/backend/eigen/transposed_tile.hpp>
#include <cohort/core/team.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#endif

COHORT_NAMESPACE_BEGIN

namespace detail {

/// One row per lane: `uniform` is a pack, and a body without a branch on a row's values runs unchanged.
template <class T>
struct rows_team {
  using uniform = pack<double>;
  static constexpr int max_chunks = 1;
  static constexpr int tile_count = 2;
  static constexpr index_t tile_columns = 64;
  static constexpr index_t tile_elements = tile_columns * pack_size;

  int count; ///< rows in this pack
  T* tiles;  ///< `tile_count` of them, in L1

  [[nodiscard]] COHORT_INLINE index_t chunk(index_t n) const { return n; }
  template <class F>
  COHORT_INLINE void once(F f) const {
    f();
  }
  template <class F>
  COHORT_INLINE void at(index_t, F f) const {
    f();
  }

  template <class X>
  [[nodiscard]] COHORT_INLINE line<X> stage(int slot, line<X> x, index_t n) const {
    if constexpr (std::same_as<X, T const>) {
      if (fits(x, n)) {
        T* const tile = tiles + slot * tile_elements;
        transposed_tile<T>::read(x.p, x.lane_step, n, count, tile);
        return {tile, pack_size, 1, nullptr};
      }
    }
    return x;
  }
  template <class X>
  [[nodiscard]] COHORT_INLINE line<X> stage_out(int slot, line<X> x, index_t n) const {
    if constexpr (std::same_as<X, T>)
      if (fits(x, n)) return {tiles + slot * tile_elements, pack_size, 1, nullptr};
    return x;
  }
  template <class X>
  COHORT_INLINE void commit(line<X> staged, line<X> x, index_t n) const {
    if constexpr (std::same_as<X, T>)
      if (staged.p != x.p) transposed_tile<T>::write(x.p, x.lane_step, n, count, staged.p);
  }

  /// In double from the first column on, or at the end where the accumulator says that no rule of it rounds.
  template <template <class> class A, class F>
  COHORT_INLINE A<uniform> reduce(index_t n, F f) const {
    if constexpr (requires { A<uniform>::exact; }) {
      decltype(f(lanes(), index_t{0})) total;
      for (index_t c = 0; c < n; ++c) total = merge(total, f(lanes(), c));
      return in_double(total);
    } else {
      A<uniform> total;
      for (index_t c = 0; c < n; ++c) total = merge(total, in_double(f(lanes(), c)));
      return total;
    }
  }
  template <class F>
  COHORT_INLINE void for_each(index_t n, F f) const {
    for (index_t c = 0; c < n; ++c) f(lanes(), c);
  }
  template <template <class> class E, class F, class G>
  COHORT_INLINE void scan_reverse(index_t n, F f, G g) const {
    E<pack<T>> state;
    for (index_t c = n; c-- > 0;) {
      state = compose(f(lanes(), c), state);
      g(lanes(), c, state);
    }
  }

private:
  [[nodiscard]] COHORT_INLINE lane<pack<T>, false> lanes() const { return {count}; }
  template <class X>
  [[nodiscard]] COHORT_HIDDEN static bool fits(line<X> const& x, index_t n) {
    return x.step == 1 && n <= tile_columns;
  }
};

} // namespace detail

COHORT_NAMESPACE_END

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
