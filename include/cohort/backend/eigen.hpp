// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// eigen_context: Eigen's packets as lanes, along a row or one row per lane, on as many threads as asked for.
///
///   cohort::eigen_context context{{.threads = 8, .workspace_bytes = 1 << 20}};
///   cohort::basic_eigen_context<engine::executor> context{engine::executor{...}, {.workspace_bytes = 1 << 20}};
///
/// The same bits for any number of threads: rows are cut into blocks by the layout alone, and totals fold over blocks
/// in their order. One call at a time per context. Compile with your machine's -march: without it Eigen has 4 lanes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include <cohort/backend/detail/host_memory.hpp>
#include <cohort/backend/eigen/pool.hpp>
#include <cohort/backend/eigen/row_team.hpp>
#include <cohort/backend/eigen/rows_team.hpp>
#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

struct eigen_options {
  int threads = 1;
  index_t workspace_bytes = 64 * 1024;
};

template <block_executor Executor>
class basic_eigen_context : public detail::host_memory {
public:
  explicit basic_eigen_context(eigen_options options = {}) requires std::constructible_from<Executor, int>
      : host_memory(options.workspace_bytes), executor_(options.threads), partials_(max_blocks) {}
  explicit basic_eigen_context(Executor executor, host_options options = {})
      : host_memory(options.workspace_bytes), executor_(std::move(executor)), partials_(max_blocks) {}

  /// Lanes of a pack, for benches to print: 16 with AVX-512, 8 with AVX, 4 with SSE or NEON.
  static constexpr int lanes = detail::pack_size;

  template <template <class> class A, class Body>
  void for_each_row(row_layout<host_space> const& rows, Body const& body, A<double>* total) {
    using T = typename Body::compute_type;
    static_assert(sizeof(A<double>) <= sizeof(partial));
    if constexpr (Body::rows_in_lanes)
      if (rows.rectangle() && rows.width <= detail::rows_team<T>::tile_columns)
        return blocks<A>((rows.rows + detail::pack_size - 1) / detail::pack_size, total, down<A>(rows, body));
    blocks<A>(rows.rows, total, [&body](index_t first, index_t last) {
      A<double> sum;
      for (index_t r = first; r < last; ++r) sum = merge(sum, body(detail::row_team<T>{}, r));
      return sum;
    });
  }

private:
  static constexpr index_t max_blocks = 256;
  struct alignas(64) partial {
    std::byte bytes[256];
  };

  /// One row per lane over units [first, last) of pack_size rows.
  template <template <class> class A, class Body>
  static auto down(row_layout<host_space> const& rows, Body const& body) {
    using T = typename Body::compute_type;
    using team = detail::rows_team<T>;
    return [&rows, &body](index_t first, index_t last) {
      alignas(64) T tiles[team::slots * team::tile_elements];
      A<typename team::uniform> sum;
      for (index_t unit = first; unit < last; ++unit) {
        index_t const r = unit * detail::pack_size;
        int const count = static_cast<int>((std::min)(index_t{detail::pack_size}, rows.rows - r));
        sum = merge(sum, head(count, body(team{count, tiles}, r)));
      }
      return fold(sum);
    };
  }

  /// Cuts the units into blocks by their number alone, runs them, folds their sums in order.
  template <template <class> class A, class Range>
  void blocks(index_t units, A<double>* total, Range const& range) {
    index_t const count = (std::min)(units, max_blocks);
    executor_.run(count, [&](index_t b) {
      index_t const first = units / count * b + (std::min)(b, units % count);
      index_t const last = first + units / count + (b < units % count ? 1 : 0);
      ::new (static_cast<void*>(partials_[static_cast<std::size_t>(b)].bytes)) A<double>(range(first, last));
    });
    A<double> sum;
    for (index_t b = 0; b < count; ++b)
      sum = merge(sum, *std::launder(reinterpret_cast<A<double>*>(partials_[static_cast<std::size_t>(b)].bytes)));
    if (total) *total = sum;
  }

  Executor executor_;
  std::vector<partial> partials_;
};

using eigen_context = basic_eigen_context<eigen_pool>;

static_assert(team<detail::row_team<float>> && team<detail::rows_team<float>> && execution_context<eigen_context>);

COHORT_NAMESPACE_END
