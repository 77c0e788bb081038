// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of cells, and how one argument lies over them.
///
///   rectangle   rows x width                                    padded tokens, uniform groups, logits
///   ragged      offsets[rows + 1]                               packed tokens, contiguous groups
///   gathered    offsets and order: cell = order[offsets[r] + c] groups given by ids
#pragma once

#include <cohort/core/lane.hpp>
#include <cohort/core/view.hpp>

COHORT_NAMESPACE_BEGIN

/// A row past the data has length 0, so `rows` may be an upper bound (the number of groups on a device).
template <class Space>
struct row_layout {
  index_t rows = 0;
  index_t width = 0; ///< columns of a rectangle; 0 otherwise
  index_view<Space> offsets{};
  index_t const* order = nullptr;

  [[nodiscard]] COHORT_HOST_DEVICE index_t first(index_t r) const { return offsets.given ? offsets[r] : r * width; }
  [[nodiscard]] COHORT_HOST_DEVICE index_t length(index_t r) const {
    return offsets.given ? offsets[r + 1] - offsets[r] : width;
  }
  [[nodiscard]] COHORT_HOST_DEVICE bool rectangle() const { return !offsets.given; }
};

/// One row of an argument, opened before the loop over it: element c is p[c * step], or p[order[c] * step].
template <class T>
struct line {
  T* p = nullptr;
  index_t step = 0;
  index_t lane_step = 0; ///< distance to the same element of the next row
  index_t const* order = nullptr;
};

/// Whether a line, absent or not, is a run: its elements follow one another.
template <class T>
[[nodiscard]] COHORT_HOST_DEVICE constexpr bool is_run(line<T> const& x) {
  return !x.p || (x.step == 1 && !x.order);
}
template <class T>
[[nodiscard]] COHORT_HOST_DEVICE constexpr bool is_run_or_value(line<T> const& x) {
  return is_run(x) || (x.step == 0 && !x.order);
}

/// One argument over a row layout: one value per row, or one per cell with any strides (0 broadcasts).
template <class T, class Space>
struct cells {
  T* data = nullptr;
  index_t row_stride = 0;
  index_t column_stride = 0;
  bool per_row = false;

  [[nodiscard]] COHORT_HOST_DEVICE bool given() const { return data != nullptr; }
  [[nodiscard]] COHORT_HOST_DEVICE line<T> row(row_layout<Space> const& rows, index_t r) const {
    if (per_row) return {data + r * row_stride, 0, row_stride, nullptr};
    if (rows.rectangle()) return {data + r * row_stride, column_stride, row_stride, nullptr};
    if (rows.order) return {data, column_stride, 0, rows.order + rows.first(r)};
    return {data + rows.first(r) * column_stride, column_stride, 0, nullptr};
  }
};

/// One value per row.
template <class T, class Space>
COHORT_HOST_DEVICE constexpr cells<T, Space> row_cells(T* data, index_t stride) {
  return {data, stride, 0, true};
}

/// A value per row, or none.
template <class T, class Space>
constexpr cells<T, Space> cells_of(optional_view<T, 1, Space> const& x) {
  return row_cells<T, Space>(x.data, x.stride[0]);
}
template <class T, class Space>
constexpr cells<T, Space> cells_of(view<T, 1, Space> const& x) {
  return row_cells<T, Space>(x.data, x.stride[0]);
}

/// One value per cell of rows over a single run: groups over their samples.
template <class T, class Space>
COHORT_HOST_DEVICE constexpr cells<T, Space> run_cells(row_layout<Space> const& rows, T* data, index_t stride) {
  return {data, rows.width * stride, stride, false};
}

/// A matrix over its own rows and columns.
template <class View>
constexpr auto matrix_cells(View const& x) {
  return cells<std::remove_pointer_t<decltype(x.data)>, typename View::memory_space>{x.data, x.stride[0], x.stride[1],
                                                                                     false};
}

template <class V, bool InRow, class T>
COHORT_HOST_DEVICE COHORT_INLINE V load(lane<V, InRow> at, line<T> const& x, index_t c) {
  if constexpr (!InRow) {
    return lane_traits<V>::load(x.p + c * x.step, x.lane_step, at.count);
  } else {
    if (x.order) return lane_traits<V>::gather(x.p, x.step, x.order + c, at.count);
    return lane_traits<V>::load(x.p + c * x.step, x.step, at.count);
  }
}

namespace detail {

/// Asks for what a loop over a run will touch about a dozen packs later, or at another distance in bytes: processors stop
/// at the end of a page, and have fewer prefetchers than a loss has arguments.
template <int Write, index_t Distance = 1024, class T>
COHORT_HOST_DEVICE COHORT_INLINE void prefetch(T const* p) {
#if defined(__GNUC__) && !defined(__CUDA_ARCH__)
  __builtin_prefetch(reinterpret_cast<char const*>(p) + Distance, Write);
#endif
}

} // namespace detail

template <class V, bool InRow, class T>
COHORT_HOST_DEVICE COHORT_INLINE void store(lane<V, InRow> at, line<T> const& x, index_t c, V value) {
  if constexpr (!InRow) {
    lane_traits<V>::store(x.p + c * x.step, x.lane_step, at.count, value);
  } else {
    if (x.order) return lane_traits<V>::scatter(x.p, x.step, x.order + c, at.count, value);
    lane_traits<V>::store(x.p + c * x.step, x.step, at.count, value);
  }
}

template <class V, class T>
COHORT_HOST_DEVICE COHORT_INLINE V load(run_lane<V> at, line<T> const& x, index_t c) {
  detail::prefetch<0>(x.p + c);
  return lane_traits<V>::load(x.p + c, 1, at.count);
}
template <class V, class T>
COHORT_HOST_DEVICE COHORT_INLINE void store(run_lane<V> at, line<T> const& x, index_t c, V value) {
  detail::prefetch<1>(x.p + c);
  lane_traits<V>::store(x.p + c, 1, at.count, value);
}

template <class V, class T>
COHORT_APART COHORT_HOST_DEVICE V load(rest_lane<V> at, line<T> const& x, index_t c) {
  return load(lane<V, true>{at.count}, x, c);
}
template <class V, class T>
COHORT_APART COHORT_HOST_DEVICE void store(rest_lane<V> at, line<T> const& x, index_t c, V value) {
  store(lane<V, true>{at.count}, x, c, value);
}

/// The same of a line that may be one value for the whole row, although the others are runs.
template <class L, class T>
COHORT_HOST_DEVICE COHORT_INLINE typename L::type load_or_value(L at, line<T> const& x, index_t c) {
  return load(at, x, c);
}
template <class V, class T>
COHORT_HOST_DEVICE COHORT_INLINE V load_or_value(run_lane<V> at, line<T> const& x, index_t c) {
  if (x.step == 0) return V(detail::widen<double>(x.p));
  return load(at, x, c);
}

/// Where the covered cells stand among all cells, in logical order: r * width + c, offsets[r] + c or order[...].
template <class L, class Space>
COHORT_HOST_DEVICE COHORT_INLINE wide<typename L::type> position([[maybe_unused]] L at, row_layout<Space> const& rows,
                                                                 index_t r, index_t c) {
  using W = wide<typename L::type>;
  if constexpr (!L::in_row) {
    W const row = W(static_cast<double>(r)) + lane_traits<W>::iota();
    return row * W(static_cast<double>(rows.width)) + W(static_cast<double>(c));
  } else {
    index_t const first = rows.first(r) + c;
    if (rows.order) return lane_traits<W>::load(rows.order + first, 1, at.count);
    return W(static_cast<double>(first)) + lane_traits<W>::iota();
  }
}

/// The same lanes of a mask, over doubles.
template <class V, class Mask>
COHORT_HOST_DEVICE COHORT_INLINE auto wide_mask(Mask mask) {
  return lane_cast<wide<V>>(lane_select(mask, V(1), V(0))) != wide<V>(0);
}

/// The same where `chosen`, infinity elsewhere: for the first of some cells.
template <class L, class Space, class Mask>
COHORT_HOST_DEVICE COHORT_INLINE auto position_where(L at, row_layout<Space> const& rows, index_t r, index_t c,
                                                     Mask chosen) {
  using V = typename L::type;
  using W = wide<V>;
  if (!lane_any(chosen)) return W(infinity);
  return lane_select(wide_mask<V>(chosen), position(at, rows, r, c), W(infinity));
}

/// The columns of some cells of one row where `chosen`, infinity elsewhere.
template <class V, class Mask>
COHORT_HOST_DEVICE COHORT_INLINE V column_where(index_t c, Mask chosen) {
  if (!lane_any(chosen)) return V(infinity);
  return lane_select(chosen, V(static_cast<double>(c)) + lane_traits<V>::iota(), V(infinity));
}

COHORT_NAMESPACE_END
