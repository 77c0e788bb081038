// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Groups as rows over the samples, and what checking them reads on the host.
#pragma once

#include <algorithm>

#include <cohort/core/execution_context.hpp>
#include <cohort/detail/shape.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Where ids are sorted to; null for the other kinds.
struct group_workspace {
  index_t* order = nullptr;
  index_t* offsets = nullptr;
};

template <class Space>
group_workspace lay_out_groups(workspace_layout& memory, group_layout<Space> const& groups, index_t samples) {
  if (groups.kind != group_kind::ids) return {};
  auto* const order = memory.take<index_t>(samples);
  index_t ends = 0;
  if (!checked_add(samples, 1, ends)) ends = -1; // an overflow of the layout
  return {order, memory.take<index_t>(ends)};
}

/// One row per group. Ids give as many rows as there are samples, in ascending order of the ids, empty ones last.
template <class Context, class Space>
COHORT_HIDDEN row_layout<Space> group_rows(Context& context, group_layout<Space> const& groups, index_t samples,
                                           group_workspace const& memory) {
  if (groups.kind == group_kind::uniform) return {.rows = groups.groups(samples), .width = groups.size};
  if (groups.kind == group_kind::offsets) return {.rows = groups.groups(samples), .offsets = groups.view};
  if (samples == 0) return {};
  context.group_by(groups.view, samples, memory.order, memory.offsets);
  index_view<Space> offsets;
  offsets.data = memory.offsets;
  offsets.extent = samples + 1;
  offsets.given = true;
  return {.rows = samples, .offsets = offsets, .order = memory.order};
}

/// The first group with one usable sample, where the host can see it: -1 if there is none.
template <class Context, class T, class Space>
COHORT_HIDDEN index_t first_singleton(Context& context, group_layout<Space> const& groups,
                                      view<T const, 1, Space> const& reward, group_workspace const& memory) {
  if (!host_readable<Space> || (groups.kind == group_kind::ids && !memory.offsets)) return -1;
  auto const rows = group_rows(context, groups, reward.extent[0], memory);
  auto const cells = run_cells<T const, Space>(rows, reward.data, reward.stride[0]);
  for (index_t g = 0; g < rows.rows; ++g) {
    auto const x = cells.row(rows, g);
    index_t usable = 0;
    for (index_t c = 0; c < rows.length(g); ++c) usable += lane_is_finite(load(lane<T, true>{1}, x, c)) ? 1 : 0;
    if (usable == 1) return g;
  }
  return -1;
}

/// The first value that is not finite, where the host can see it: -1 if there is none. By blocks, so that the compiler
/// may look at many values at a time.
template <class T, class Space>
index_t first_non_finite(view<T const, 1, Space> const& x) {
  constexpr index_t block = 4096;
  if (!host_readable<Space> || !x.data) return -1;
  index_t const n = x.extent[0], stride = x.stride[0];
  for (index_t first = 0; first < n; first += block) {
    index_t const last = (std::min)(first + block, n);
    int bad = 0;
    for (index_t i = first; i < last; ++i) bad |= static_cast<int>(!lane_is_finite(x.data[i * stride]));
    for (index_t i = first; bad != 0 && i < last; ++i)
      if (!lane_is_finite(x.data[i * stride])) return i;
  }
  return -1;
}

} // namespace detail

COHORT_NAMESPACE_END
