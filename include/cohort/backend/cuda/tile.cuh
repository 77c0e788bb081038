// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/backend/block/moves.hpp>
#include <cohort/backend/block/plan.hpp>
#include <cohort/backend/detail/thread_team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// One thread per row of a rectangle; the block moves the rows of all its threads between memory and shared memory, so that
/// neighbouring threads touch neighbouring addresses.
template <class T>
struct tile_team : thread_team<T> {
  T* memory; ///< tile_lines * tile_rows rows, tile_pitch apart
  int width, count, own;

  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE line<X> stage(int slot, line<X> x, index_t) const {
    if (!holds(x)) return x;
    T* const to = tile(slot);
    sync();
    each([=, first = x.p - own * x.lane_step, self = *this](int row, int c)
             COHORT_FLAT { to[row * tile_pitch(self.width) + c] = first[row * x.lane_step + c * x.step]; });
    sync();
    return {to + own * tile_pitch(width), 1, 0, nullptr};
  }
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE line<X> stage_out(int slot, line<X> x, index_t) const {
    if (!holds(x)) return x;
    return {tile(slot) + own * tile_pitch(width), 1, 0, nullptr};
  }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE void commit(line<X> staged, line<X> x, index_t) const {
    if (staged.p == x.p) return;
    sync();
    each([=, from = staged.p - own * tile_pitch(width), first = x.p - own * x.lane_step, self = *this](int row, int c)
             COHORT_FLAT { first[row * x.lane_step + c * x.step] = from[row * tile_pitch(self.width) + c]; });
    sync();
  }

private:
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE static bool holds(line<X> const& x) {
    static_assert(std::is_same_v<std::remove_const_t<X>, T>,
                  "cohort: rows are staged in the type they are computed in");
    return x.p && x.step != 0 && !x.order;
  }
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE T* tile(int slot) const {
    return memory + slot * tile_rows * tile_pitch(width);
  }
  COHORT_HOST_DEVICE COHORT_INLINE static void sync() {
#if defined(__CUDA_ARCH__)
    __syncthreads();
#endif
  }
  /// f(row, c) over the tile, neighbouring threads at neighbouring cells.
  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void each([[maybe_unused]] F f) const {
#if defined(__CUDA_ARCH__)
    cells_of_tile(static_cast<int>(threadIdx.x), tile_rows, width, count, f);
#endif
  }
};

} // namespace detail

COHORT_NAMESPACE_END
