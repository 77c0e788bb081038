// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Where and how algorithms run: a plain object with one operation on data.
///
///   context.for_each_row<A>(rows, body, total)  body(team, r) -> A<uniform>, once per row, rows independent;
///                                               *total (in the context's memory, may be null) is their merge by a
///                                               fixed tree over r, a function of the layout alone, never of threads
///   context.group_by(ids, n, order, offsets)    order[0..n) sorts the ids stably; offsets[0..n] are the starts of the
///                                               runs of equal ids, padded with n; nothing is read back
///   context.scratch()                           the workspace given at construction or by reserve(), 64-byte aligned
///   context.fetch(pointer)                      the value at a pointer into the context's memory; waits
///
/// A body is a struct with `compute_type`, `rows_in_lanes` (no branch on a row's values: a context may run one row per
/// lane) and a const call operator template over the team. One that looks at long rows more than once says of what they
/// are, `staged_type`: the elements of the line that it stages in slot 0; and by `stages_out` whether it writes such a line.
#pragma once

#include <concepts>

#include <cohort/core/team.hpp>
#include <cohort/core/workspace.hpp>

COHORT_NAMESPACE_BEGIN

namespace archetype {

struct body {
  using compute_type = float;
  static constexpr bool rows_in_lanes = false;
  template <class Team>
  COHORT_HOST_DEVICE nothing<typename Team::uniform> operator()(Team const&, index_t) const {
    return {};
  }
};

} // namespace archetype

template <class Context>
concept execution_context = requires(Context& context, row_layout<typename Context::memory_space> const& rows,
                                     nothing<double>* total, index_view<typename Context::memory_space> const& ids,
                                     index_t n, index_t* out, double const* value) {
  typename Context::memory_space;
  context.template for_each_row<nothing>(rows, archetype::body{}, total);
  context.group_by(ids, n, out, out);
  { context.scratch() } -> std::same_as<scratch_memory>;
  { context.fetch(value) } -> std::same_as<double>;
};

COHORT_NAMESPACE_END
