// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of a head on their way between the caller's tensors and the workspace: copies, constants, one formula per cell.
#pragma once

#include <cohort/core/equal_parts.hpp>
#include <cohort/core/execution_context.hpp>
#include <cohort/core/workspace.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// A body of a later chunk: what the chunks before reported is added to its first row's.
template <class Body, class Sums>
struct after_body {
  using compute_type = typename Body::compute_type;
  using staged_type = typename Body::staged_type;
  static constexpr bool rows_in_lanes = false;
  static constexpr bool stages_out = Body::stages_out;

  Body body;
  Sums const* previous; ///< null: none

  template <class Team>
  COHORT_HOST_DEVICE Sums operator()(Team const& team, index_t i) const {
    Sums const own = body(team, i);
    return previous && i == 0 ? merge(*previous, own) : own;
  }
};

/// Rows of a matrix in memory, all of them or those that a list names.
template <class T>
struct listed_rows {
  T* data;
  index_t stride;
  index_t const* list = nullptr;

  [[nodiscard]] COHORT_HOST_DEVICE T* operator[](index_t i) const { return data + (list ? list[i] : i) * stride; }
};

/// f.row(i) is what is done to the cells of row i: (lane, column).
template <class T, class F>
struct each_cell_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  index_t width;
  F f;

  template <class Team>
  COHORT_HOST_DEVICE nothing<typename Team::uniform> operator()(Team const& team, index_t i) const {
    team.for_each(width, f.row(i));
    return {};
  }
};
/// T: the type of the cells in memory.
template <class T, class Context, class F>
COHORT_HIDDEN void for_each_cell(Context& context, index_t rows, index_t width, F const& f) {
  row_layout<typename Context::memory_space> const shape{.rows = rows, .width = width};
  context.template for_each_row<nothing>(shape, each_cell_body<compute_t<T>, F>{width, f}, nullptr);
}

template <class T>
struct copied_cells {
  listed_rows<T const> from;
  listed_rows<T> to;

  [[nodiscard]] COHORT_HOST_DEVICE auto row(index_t i) const {
    T const* const source = from[i];
    T* const target = to[i];
    return [=]<class At>(At at, index_t c) COHORT_FLAT {
      using traits = lane_traits<typename At::type>;
      traits::store(target + c, 1, at.count, traits::load(source + c, 1, at.count));
    };
  }
};
template <class T, class Context>
COHORT_HIDDEN void copy_rows(Context& context, index_t rows, index_t width, listed_rows<T const> from,
                             listed_rows<T> to) {
  for_each_cell<T>(context, rows, width, copied_cells<T>{from, to});
}

/// The rows of which `stays` is true; zeros in place of the others, whatever stands there.
template <class T, class Stays>
struct kept_cells {
  listed_rows<T const> from;
  listed_rows<T> to;
  Stays stays;
  index_t first; ///< the number of row 0

  [[nodiscard]] COHORT_HOST_DEVICE auto row(index_t i) const {
    return [kept = stays(first + i), source = from[i], target = to[i]]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      V x(0);
      if (kept) x = lane_traits<V>::load(source + c, 1, at.count);
      lane_traits<V>::store(target + c, 1, at.count, x);
    };
  }
};

/// `factor` times the same row in every row; without `values` the factor itself.
template <class T, class From>
struct filled_cells {
  listed_rows<T> to;
  line<From const> values;
  double factor;

  [[nodiscard]] COHORT_HOST_DEVICE auto row(index_t i) const {
    T* const target = to[i];
    return [target, source = values, times = factor]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      V const x = source.p ? load(at, source, c) : V(1);
      lane_traits<V>::store(target + c, 1, at.count, x * V(times));
    };
  }
};
template <class T, class From = T, class Context>
COHORT_HIDDEN void fill_rows(Context& context, index_t rows, index_t width, listed_rows<T> to, line<From const> values,
                             double factor) {
  for_each_cell<T>(context, rows, width, filled_cells<T, From>{to, values, factor});
}

/// n elements of T in whole lines of the workspace's alignment.
template <class T>
constexpr index_t whole_lines(index_t n) {
  constexpr index_t elements = workspace_layout::alignment / index_t{sizeof(T)};
  return (n / elements + (n % elements != 0)) * elements;
}

/// `rows` rows of a matrix in the workspace.
template <class T>
T* take_rows(workspace_layout& memory, index_t rows, index_t stride) {
  index_t elements = 0;
  return memory.take<T>(checked_multiply(rows, stride, elements) ? elements : -1);
}

} // namespace detail

COHORT_NAMESPACE_END
