// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of a head on their way between the caller's tensors and the workspace: lists of rows, copies, zeros.
#pragma once

#include <cohort/core/team.hpp>
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

/// The same value in every element, or the same row in every row.
template <class T>
struct fill_rows_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  index_t width;
  listed_rows<T> to;
  T const* values; ///< null: zeros
  index_t value_stride;
  double factor;

  template <class Team>
  COHORT_HOST_DEVICE nothing<typename Team::uniform> operator()(Team const& team, index_t i) const {
    T* const target = to[i];
    if (!values) return clear_row(team, target, width), nothing<typename Team::uniform>{};
    line<T const> const source{values, value_stride};
    team.for_each(width, [=, *this]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      lane_traits<V>::store(target + c, 1, at.count, load(at, source, c) * V(factor));
    });
    return {};
  }
};

template <class T, class Context>
void fill_rows(Context& context, index_t rows, index_t width, listed_rows<T> to, T const* values = nullptr,
               index_t value_stride = 0, double factor = 1) {
  row_layout<typename Context::memory_space> const shape{.rows = rows, .width = width};
  context.template for_each_row<nothing>(shape, fill_rows_body<T>{width, to, values, value_stride, factor}, nullptr);
}

} // namespace detail

COHORT_NAMESPACE_END
