// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The kernels: what block/rows.hpp says, for this block's range. Never exported.
#pragma once

#include <new>

#include <cohort/backend/block/rows.hpp>
#include <cohort/backend/cuda/stage.cuh>
#include <cohort/backend/cuda/threads.cuh>
#include <cohort/backend/cuda/tile.cuh>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// f(i) for i in [0, n).
template <class F>
COHORT_HIDDEN __global__ void __launch_bounds__(row_threads) each_index_kernel(index_t n, F const __grid_constant__ f) {
  index_t const step = static_cast<index_t>(gridDim.x) * row_threads;
  for (index_t i = static_cast<index_t>(blockIdx.x) * row_threads + threadIdx.x; i < n; i += step) f(i);
}

/// Where there is a total, block b's sum; a sum in registers is nothing otherwise.
template <class Sum>
__device__ COHORT_INLINE void put_slot(Sum* partial_sums, index_t b, Sum const& sum) {
  if (partial_sums && threadIdx.x == 0) ::new (static_cast<void*>(partial_sums + b)) Sum(sum);
}

/// Two blocks to a multiprocessor leave 128 registers a thread: too few for doubles, and for sums of many fields.
template <class Sum, class Body>
inline constexpr int least_blocks = sizeof(typename Body::compute_type) == 8 || sizeof(Sum) > 160 ? 1 : 2;

/// A block for each row of its range.
template <class Sum, class Body>
COHORT_HIDDEN __global__ void __launch_bounds__(row_threads, least_blocks<Sum, Body>)
    block_rows_kernel(Body const __grid_constant__ body, index_t rows, Sum* partial_sums) {
  using threads = device_block<row_threads>;
  __shared__ block_exchange<row_threads> exchange;
  thread_row_team<typename Body::compute_type, threads> const team(threads{&exchange});
  put_slot(partial_sums, blockIdx.x, sum_of_rows<Sum>(team, body, block_range(rows, gridDim.x, blockIdx.x)));
}

/// A thread, a warp or the block for each row, by its length.
template <class Sum, class Body>
COHORT_HIDDEN __global__ void __launch_bounds__(tile_rows, least_blocks<Sum, Body>)
    rows_by_length_kernel(Body const __grid_constant__ body, row_layout<device_space> const __grid_constant__ rows,
                          int rows_per_tile, Sum* partial_sums) {
  __shared__ block_exchange<tile_rows> exchange;
  index_t const tiles = (rows.rows + rows_per_tile - 1) / rows_per_tile;
  put_slot(partial_sums, blockIdx.x,
           sum_by_length<Sum>(device_block<tile_rows>{&exchange}, body, rows, rows_per_tile,
                              block_range(tiles, gridDim.x, blockIdx.x)));
}

/// A thread for each row; tiles of rows come and go through shared memory.
template <class Sum, class Body>
COHORT_HIDDEN __global__ void __launch_bounds__(tile_rows)
    tile_rows_kernel(Body const __grid_constant__ body, index_t rows, index_t width, Sum* partial_sums) {
  using T = typename Body::compute_type;
  extern __shared__ __align__(16) std::byte tile_memory[];
  __shared__ block_exchange<tile_rows> exchange;
  block_range const tiles((rows + tile_rows - 1) / tile_rows, gridDim.x, blockIdx.x);
  of_this_thread<Sum> sum{};
  for (index_t tile = tiles.first; tile < tiles.last; ++tile) {
    index_t const first = tile * tile_rows;
    int const count = rows - first < tile_rows ? static_cast<int>(rows - first) : tile_rows;
    int const own = static_cast<int>(threadIdx.x) < count ? static_cast<int>(threadIdx.x) : count - 1;
    Sum const x =
        body(tile_team<T>{{}, reinterpret_cast<T*>(tile_memory), static_cast<int>(width), count, own}, first + own);
    if (static_cast<int>(threadIdx.x) < count) sum.x = merge(sum.x, x);
  }
  put_slot(partial_sums, blockIdx.x, merged(device_block<tile_rows>{&exchange}, sum));
}

/// A cluster of blocks for each row, which is on chip.
template <class Sum, class Body>
COHORT_HIDDEN __global__ void __launch_bounds__(slice_threads, least_blocks<Sum, Body>)
    staged_rows_kernel(Body const __grid_constant__ body, index_t rows, index_t slice, int ranks, Sum* partial_sums) {
  using threads = device_block<slice_threads, true>;
  extern __shared__ __align__(128) std::byte row_memory[];
  __shared__ block_exchange<slice_threads> exchange;
  __shared__ alignas(8) std::uint64_t barrier;
  int const rank = static_cast<int>(blockIdx.x) % ranks; // of the cluster: its blocks follow one another
  shared_stage const stage{row_memory, &barrier, {slice}, rank, ranks, slice_threads};
  stage.open();
  threads::cluster_arrive();
  thread_row_team<typename Body::compute_type, threads, shared_stage> const team(threads{&exchange, ranks, rank}, stage,
                                                                                 {slice});
  index_t const slot = static_cast<index_t>(blockIdx.x) / ranks, count = static_cast<index_t>(gridDim.x) / ranks;
  Sum const sum = sum_of_rows<Sum>(team, body, block_range(rows, count, slot));
  if (rank == 0) put_slot(partial_sums, slot, sum);
  stage.close();
  threads::cluster_wait(); // nobody leaves while another may read its shared memory
}

template <class Sum>
COHORT_HIDDEN __global__ void __launch_bounds__(row_threads)
    merge_slots_kernel(Sum const* partial_sums, index_t count, Sum* total) {
  __shared__ block_exchange<row_threads> exchange;
  put_slot(total, 0, sum_of_slots<Sum>(device_block<row_threads>{&exchange}, partial_sums, count));
}

} // namespace detail

COHORT_NAMESPACE_END
