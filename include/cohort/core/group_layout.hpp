// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Which samples share a prompt. Groups are identities, never positions.
///
///   uniform_groups{G}        G consecutive samples each
///   group_offsets(offsets)   consecutive, ragged: group g is offsets[g] .. offsets[g + 1]
///   group_ids(ids)           any integers in any order; equal ids are one group
#pragma once

#include <concepts>

#include <cohort/core/row_layout.hpp>

COHORT_NAMESPACE_BEGIN

struct uniform_groups {
  index_t size;
};
template <class Offsets>
struct group_offsets {
  Offsets const& offsets;
  constexpr explicit group_offsets(Offsets const& x) : offsets(x) {}
};
template <class Ids>
struct group_ids {
  Ids const& ids;
  constexpr explicit group_ids(Ids const& x) : ids(x) {}
};

enum class group_kind : int { uniform, offsets, ids };

/// Any of the three, seen from a memory space. No default: groups are always said.
template <class Space>
struct group_layout {
  group_kind kind;
  index_t size = 0;
  index_view<Space> view{};

  constexpr group_layout(uniform_groups g) : kind(group_kind::uniform), size(g.size) {}
  template <class Offsets>
  constexpr group_layout(group_offsets<Offsets> const& g) : kind(group_kind::offsets), view(g.offsets) {}
  template <class Ids>
  constexpr group_layout(group_ids<Ids> const& g) : kind(group_kind::ids), view(g.ids) {}
  /// For the sentence that it prints.
  template <class X>
  requires(!std::same_as<X, group_layout>) constexpr group_layout(X const&) : kind{} {
    static_assert(std::same_as<X, void>,
                  "cohort: groups are uniform_groups{size}, group_offsets(offsets) or group_ids(ids)");
  }

  /// The number of groups, or a bound on it where only the data tell.
  [[nodiscard]] constexpr index_t groups(index_t samples) const {
    if (kind == group_kind::uniform) return size > 0 ? samples / size : 0;
    if (kind == group_kind::offsets) return view.extent > 0 ? view.extent - 1 : 0;
    return samples;
  }
};

COHORT_NAMESPACE_END
