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

#include <cohort/backend/detail/block_range.hpp>
#include <cohort/backend/detail/host_memory.hpp>
#include <cohort/backend/eigen/multiply.hpp>
#include <cohort/backend/eigen/pool.hpp>
#include <cohort/backend/eigen/row_team.hpp>
#include <cohort/backend/eigen/rows_team.hpp>
#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

struct eigen_options {
  int threads = 1;
  index_t workspace_bytes = 64 * 1024;
};

namespace detail {

// Functors, not lambdas: their types are visible whatever is hidden inside, so that an executor may keep them.

/// Rows [first, last) one after the other, a pack along each.
template <template <class> class A, class Body>
struct rows_in_turn {
  Body const& body;

  COHORT_HIDDEN A<double> operator()(index_t first, index_t last) const {
    A<double> sum;
    for (index_t r = first; r < last; ++r) sum = merge(sum, body(row_team<typename Body::compute_type>{}, r));
    return sum;
  }
};

/// One row per lane over units [first, last) of pack_size rows.
template <template <class> class A, class Body>
struct rows_side_by_side {
  index_t rows;
  Body const& body;

  COHORT_HIDDEN A<double> operator()(index_t first, index_t last) const {
    using T = typename Body::compute_type;
    using team = rows_team<T>;
    alignas(64) T tiles[team::tile_count * team::tile_elements];
    A<typename team::uniform> sum;
    for (index_t unit = first; unit < last; ++unit) {
      index_t const r = unit * pack_size;
      int const count = static_cast<int>((std::min)(index_t{pack_size}, rows - r));
      sum = merge(sum, head(count, body(team{count, tiles}, r)));
    }
    return fold(sum);
  }
};

/// What one block of units sums to.
struct alignas(64) block_sum {
  std::byte bytes[256];
};

/// Block b of `count`, cut by the number of units alone. One type for all bodies: an executor is compiled once for it.
struct block_of_units {
  void (*sum_up)(void const* range, index_t first, index_t last, void* sum);
  void const* range;
  index_t units, count;
  block_sum* sums;

  COHORT_HIDDEN void operator()(index_t b) const {
    block_range const block(units, count, b);
    sum_up(range, block.first, block.last, sums[b].bytes);
  }
};
template <template <class> class A, class Range>
COHORT_HIDDEN void sum_up(void const* range, index_t first, index_t last, void* sum) {
  ::new (sum) A<double>((*static_cast<Range const*>(range))(first, last));
}

} // namespace detail

template <block_executor Executor>
class basic_eigen_context : public detail::host_memory {
public:
  explicit basic_eigen_context(eigen_options options = {}) requires std::constructible_from<Executor, int>
      : host_memory(options.workspace_bytes), executor_(options.threads), sums_(max_blocks) {}
  explicit basic_eigen_context(Executor executor, host_options options = {})
      : host_memory(options.workspace_bytes), executor_(std::move(executor)), sums_(max_blocks) {}

  /// Lanes of a pack, for benches to print: 16 with AVX-512, 8 with AVX, 4 with SSE or NEON.
  static constexpr int lanes = detail::pack_size;

  template <template <class> class A, class Body>
  COHORT_HIDDEN void for_each_row(row_layout<host_space> const& rows, Body const& body, A<double>* total) {
    using T = typename Body::compute_type;
    static_assert(sizeof(A<double>) <= sizeof(detail::block_sum));
    if constexpr (Body::rows_in_lanes)
      if (rows.rectangle() && rows.width <= detail::rows_team<T>::tile_columns)
        return blocks<A>((rows.rows + detail::pack_size - 1) / detail::pack_size, total,
                         detail::rows_side_by_side<A, Body>{rows.rows, body});
    blocks<A>(rows.rows, total, detail::rows_in_turn<A, Body>{body});
  }

  /// Allocates, unlike everything else: backend/eigen/multiply.hpp.
  template <class T, class R>
  COHORT_HIDDEN void multiply(matrix_product<T, R> const& product) {
    detail::multiply_on(executor_, product);
  }

private:
  static constexpr index_t max_blocks = 256;

  /// Cuts the units into blocks, runs them, folds their sums in order.
  template <template <class> class A, class Range>
  COHORT_HIDDEN void blocks(index_t units, A<double>* total, Range const& range) {
    index_t const count = (std::min)(units, max_blocks);
    executor_.run(count, detail::block_of_units{detail::sum_up<A, Range>, &range, units, count, sums_.data()});
    A<double> sum;
    for (index_t b = 0; b < count; ++b)
      sum = merge(sum, *std::launder(reinterpret_cast<A<double>*>(sums_[static_cast<std::size_t>(b)].bytes)));
    if (total) *total = sum;
  }

  Executor executor_;
  std::vector<detail::block_sum> sums_;
};

using eigen_context = basic_eigen_context<eigen_pool>;

static_assert(team<detail::row_team<float>> && team<detail::rows_team<float>> && execution_context<eigen_context>);
static_assert(multiplying_context<eigen_context, float> && multiplying_context<eigen_context, double> &&
              multiplying_context<eigen_context, half> && multiplying_context<eigen_context, bfloat16, float>);

COHORT_NAMESPACE_END
