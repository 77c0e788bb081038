// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Which team a row gets on a GPU, as functions of the layout, the element and the architecture alone.
///
///   short rows of bodies that opted in       one thread each, up to warp_cells a warp, a block beyond: by their own length
///   rows of logits                           a cluster of 1, 2, 4, 8 or 16 blocks with a slice of the row on chip each
///   other rows                               a block
#pragma once

#include <cohort/core/row_layout.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

inline constexpr int row_threads = 256;     ///< of a block that has a row
inline constexpr int slice_threads = 192;   ///< of one that has a slice of one: two blocks leave 168 registers a thread
inline constexpr int tile_rows = 128;       ///< of a block whose threads have a row each
inline constexpr index_t thread_cells = 32; ///< of a row that a thread takes where rows differ in length
inline constexpr index_t tile_cells = 64;   ///< where they do not, and lie in shared memory
inline constexpr index_t warp_cells = 1024; ///< of a row that a warp takes
inline constexpr index_t slice_unit = 64;   ///< slices begin at multiples of so many cells: whole words of masks
inline constexpr index_t stage_padding = 32;  ///< bytes: a staged row keeps its distance from a multiple of 16
inline constexpr index_t total_bytes = 65536; ///< of a context's own memory, for the sums of blocks

/// How many partial sums a total over so many units is made of.
template <class Sum>
[[nodiscard]] constexpr index_t total_slots(index_t units) {
  constexpr index_t most = total_bytes / index_t{sizeof(Sum)};
  return units < most ? units : most;
}

/// Bodies that stage rows of logits.
template <class Body>
concept staging_body = requires {
  typename Body::staged_type;
};

/// Whether a row is taken by as many threads as it is long.
template <class Body>
inline constexpr bool by_length = Body::rows_in_lanes && !staging_body<Body>;

/// The most cells of a row that one thread takes.
template <class Space>
[[nodiscard]] COHORT_HOST_DEVICE constexpr index_t cells_of_thread(row_layout<Space> const& rows) {
  return rows.rectangle() && rows.width <= tile_cells ? tile_cells : thread_cells;
}

/// What a device has to offer.
struct device_limits {
  int architecture = 90;
  int multiprocessors = 132;
  index_t shared_bytes = 232448; ///< that one block may ask for
};

/// Rows of a tile whose rows are taken by their length: a thread each where there are many, fewer where that would leave
/// multiprocessors without work.
[[nodiscard]] constexpr int rows_of_tile(device_limits const& device, index_t rows) {
  index_t const share = rows / (4 * index_t{device.multiprocessors});
  return share < 1 ? 1 : share < tile_rows ? static_cast<int>(share) : tile_rows;
}

/// Elements from row to row of a tile in shared memory: an odd number spreads the rows over the banks.
[[nodiscard]] COHORT_HOST_DEVICE constexpr int tile_pitch(int width) { return width | 1; }
/// Rows that two lines of a body are staged for.
inline constexpr int tile_lines = 2;
[[nodiscard]] constexpr index_t tile_bytes(index_t width, index_t element_bytes) {
  return tile_lines * tile_rows * index_t{tile_pitch(static_cast<int>(width))} * element_bytes;
}
/// Static shared memory of a block, and what the device keeps of it.
inline constexpr index_t other_shared_bytes = 8192;

/// Whether rows that are taken by their length pass through shared memory, a thread for each.
template <class Space>
[[nodiscard]] constexpr bool in_tiles(device_limits const& device, row_layout<Space> const& rows,
                                      index_t element_bytes) {
  return rows.rectangle() && rows.width > 0 && rows.width <= tile_cells &&
         tile_bytes(rows.width, element_bytes) <= device.shared_bytes - other_shared_bytes;
}

struct staged_plan {
  int ranks = 1;
  index_t slice = 0;        ///< cells per block
  index_t shared_bytes = 0; ///< per block; 0: the row is read again where it is needed again
};

/// The smallest cluster whose slices leave room for two blocks per multiprocessor, more blocks where rows are few; one
/// block per multiprocessor where nothing else holds the row.
[[nodiscard]] constexpr staged_plan plan_staged(device_limits const& device, index_t rows, index_t width,
                                                index_t element_bytes) {
  constexpr index_t own = other_shared_bytes;
  constexpr index_t least_slice = 4096;
  bool const clusters = device.architecture >= 90;
  auto const plan = [&](int ranks) {
    index_t const share = (width + ranks - 1) / ranks, slice = (share + slice_unit - 1) / slice_unit * slice_unit;
    return staged_plan{ranks, slice, slice * element_bytes + stage_padding};
  };
  auto const smallest = [&](index_t bytes, int most) {
    for (int ranks = 1; ranks <= most; ranks *= 2)
      if (plan(ranks).shared_bytes <= bytes) return plan(ranks);
    return staged_plan{};
  };
  int const most = clusters ? 8 : 1;
  index_t const alone = device.shared_bytes - own, shared = device.shared_bytes / 2 - own;
  staged_plan best = smallest(shared, most);
  if (best.slice == 0) best = smallest(alone, most);
  if (best.slice == 0 && clusters) best = smallest(alone, 16);
  if (best.slice == 0) return {1, width > 0 ? width : 1, 0};
  while (best.ranks < most && rows * best.ranks < 2 * device.multiprocessors && best.slice >= 2 * least_slice)
    best = plan(2 * best.ranks);
  return best;
}

} // namespace detail

COHORT_NAMESPACE_END
