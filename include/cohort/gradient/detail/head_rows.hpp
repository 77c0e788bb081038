// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of a head on their way between the caller's tensors and the workspace: lists of rows, copies, zeros.
#pragma once

#include <cohort/core/team.hpp>
#include <cohort/core/workspace.hpp>
#include <cohort/gradient/detail/row_gradient.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// The numbers i < n with flag(i), in ascending order, and how many. One thread: the list is a sum over all before.
template <class T, class Flag>
struct list_rows_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  index_t n;
  Flag flag;
  index_t* list;
  index_t* count;

  template <class Team>
  COHORT_HOST_DEVICE nothing<double> operator()(Team const& team, index_t) const {
    auto const self = *this;
    team.once([=] {
      index_t found = 0;
      for (index_t i = 0; i < self.n; ++i)
        if (self.flag(i)) self.list[found++] = i;
      *self.count = found;
    });
    return {};
  }
};

/// How many there are: waits for it.
template <class T, class Context, class Flag>
index_t list_rows(Context& context, index_t n, Flag const& flag, index_t* list, index_t* count) {
  row_layout<typename Context::memory_space> const one{.rows = 1, .width = n};
  context.template for_each_row<nothing>(one, list_rows_body<T, Flag>{n, flag, list, count}, nullptr);
  return context.fetch(count);
}

/// A body of a later chunk: what the chunks before reported is added to its first row's.
template <class Body, class Sums>
struct after_body {
  using compute_type = typename Body::compute_type;
  static constexpr bool rows_in_lanes = false;

  Body body;
  Sums const* previous; ///< null: none

  template <class Team>
  COHORT_HOST_DEVICE Sums operator()(Team const& team, index_t i) const {
    Sums const own = body(team, i);
    return previous && i == 0 ? merge(*previous, own) : own;
  }
};

/// Equal chunks of at most `most` rows.
struct even_chunks {
  index_t n, count, size;
  even_chunks(index_t rows, index_t most)
      : n(rows), count(rows > 0 ? (rows - 1) / most + 1 : 0), size(count > 0 ? (rows - 1) / count + 1 : 0) {}
  [[nodiscard]] index_t first(index_t chunk) const { return chunk * size; }
  [[nodiscard]] index_t length(index_t chunk) const { return size < n - first(chunk) ? size : n - first(chunk); }
};

/// Rows of a matrix in memory, all of them or those that a list names.
template <class T>
struct listed_rows {
  T* data;
  index_t stride;
  index_t const* list = nullptr;

  [[nodiscard]] COHORT_HOST_DEVICE T* operator[](index_t i) const { return data + (list ? list[i] : i) * stride; }
};

template <class T>
struct copy_rows_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  index_t width;
  listed_rows<T const> from;
  listed_rows<T> to;

  template <class Team>
  COHORT_HOST_DEVICE nothing<typename Team::uniform> operator()(Team const& team, index_t i) const {
    T const* const source = from[i];
    T* const target = to[i];
    team.for_each(width, [=]<class At>(At at, index_t c) COHORT_FLAT {
      using traits = lane_traits<typename At::type>;
      traits::store(target + c, 1, at.count, traits::load(source + c, 1, at.count));
    });
    return {};
  }
};

template <class T, class Context>
void copy_rows(Context& context, index_t rows, index_t width, listed_rows<T const> from, listed_rows<T> to) {
  row_layout<typename Context::memory_space> const shape{.rows = rows, .width = width};
  context.template for_each_row<nothing>(shape, copy_rows_body<T>{width, from, to}, nullptr);
}

/// `factor` times the same row in every row; without `values` the factor itself.
template <class T>
struct fill_rows_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  index_t width;
  listed_rows<T> to;
  T const* values;
  index_t value_stride;
  double factor;

  template <class Team>
  COHORT_HOST_DEVICE nothing<typename Team::uniform> operator()(Team const& team, index_t i) const {
    T* const target = to[i];
    if (!values && factor == 0) return clear_row(team, target, width), nothing<typename Team::uniform>{};
    line<T const> const source{values, value_stride};
    team.for_each(width, [=, *this]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      V const x = source.p ? load(at, source, c) : V(1);
      lane_traits<V>::store(target + c, 1, at.count, x * V(factor));
    });
    return {};
  }
};

template <class T, class Context>
void fill_rows(Context& context, index_t rows, index_t width, listed_rows<T> to, T const* values, index_t value_stride,
               double factor) {
  row_layout<typename Context::memory_space> const shape{.rows = rows, .width = width};
  context.template for_each_row<nothing>(shape, fill_rows_body<T>{width, to, values, value_stride, factor}, nullptr);
}
template <class T, class Context>
void fill_rows(Context& context, index_t rows, index_t width, listed_rows<T> to, double value) {
  fill_rows<T>(context, rows, width, to, nullptr, 0, value);
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
