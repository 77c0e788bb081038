// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the contexts that work in ordinary memory share: workspace, grouping, reading back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include <cohort/core/view.hpp>
#include <cohort/core/workspace.hpp>

COHORT_NAMESPACE_BEGIN

/// Options that every host context has.
struct host_options {
  index_t workspace_bytes = 64 * 1024;
};

namespace detail {

/// order sorts ids[0..n) stably; offsets are the starts of runs of equal ids, padded with n. In place: O(n log n), no
/// allocation.
inline void group_by_sort(index_view<host_space> const& ids, index_t n, index_t* order, index_t* offsets) {
  std::iota(order, order + n, index_t{0});
  std::sort(order, order + n, [&ids](index_t a, index_t b) {
    index_t const x = ids[a], y = ids[b];
    return x != y ? x < y : a < b;
  });
  index_t groups = 0;
  for (index_t i = 0; i < n; ++i)
    if (i == 0 || ids[order[i]] != ids[order[i - 1]]) offsets[groups++] = i;
  for (; groups <= n; ++groups) offsets[groups] = n;
}

/// The part of a context that owns scratch memory. Allocates at construction and in reserve, nowhere else.
class host_memory {
public:
  using memory_space = host_space;

  explicit host_memory(index_t workspace_bytes) { reserve(workspace_bytes); }

  /// At least that many bytes from now on.
  void reserve(index_t bytes) {
    auto const blocks =
        static_cast<std::size_t>((bytes + workspace_layout::alignment - 1) / workspace_layout::alignment);
    if (blocks > memory_.size()) memory_.resize(blocks);
  }
  [[nodiscard]] scratch_memory scratch() noexcept {
    return {memory_.empty() ? nullptr : memory_.front().bytes,
            static_cast<index_t>(memory_.size()) * workspace_layout::alignment};
  }
  void group_by(index_view<host_space> const& ids, index_t n, index_t* order, index_t* offsets) {
    group_by_sort(ids, n, order, offsets);
  }
  template <class X>
  [[nodiscard]] X fetch(X const* pointer) const {
    return *pointer;
  }

private:
  struct alignas(workspace_layout::alignment) block {
    std::byte bytes[workspace_layout::alignment];
  };
  std::vector<block> memory_;
};

} // namespace detail

COHORT_NAMESPACE_END
