// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// emulated_block_context: cuda_context played on the host, with its choice of teams, its order of sums, trees and scans,
/// and a cluster of blocks for rows of logits. For tests of bodies without a GPU.
#pragma once

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include <cohort/backend/block/rows.hpp>
#include <cohort/backend/detail/host_memory.hpp>
#include <cohort/backend/detail/plain_product.hpp>
#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Shared memory: a copy of the row, which gradients replace before they are put in place.
struct emulated_stage {
  static constexpr int lanes = 4;

  std::byte* memory;
  index_t bytes;

  template <class X>
  [[nodiscard]] line<X> in(int slot, line<X> x, index_t n) const {
    if (!holds(slot, x, n)) return x;
    auto* const copy = reinterpret_cast<std::remove_const_t<X>*>(memory);
    std::memcpy(static_cast<void*>(copy), x.p, static_cast<std::size_t>(n) * sizeof(X));
    return {copy, 1, 0, nullptr};
  }
  template <class X>
  [[nodiscard]] line<X> out(int slot, line<X> x, index_t n) const {
    if (!holds(slot - 1, x, n)) return x;
    return {reinterpret_cast<X*>(memory), 1, 0, nullptr};
  }
  template <class X>
  void commit(line<X> staged, line<X> x, index_t n) const {
    if (staged.p != x.p) std::memcpy(static_cast<void*>(x.p), staged.p, static_cast<std::size_t>(n) * sizeof(X));
  }

private:
  template <class X>
  [[nodiscard]] bool holds(int slot, line<X> const& x, index_t n) const {
    return slot == 0 && x.p && x.step == 1 && !x.order && n * index_t{sizeof(X)} <= bytes;
  }
};

} // namespace detail

class emulated_block_context : public detail::host_memory {
public:
  emulated_block_context() : emulated_block_context(host_options{}) {}
  explicit emulated_block_context(host_options options)
      : host_memory(options.workspace_bytes), slots_(detail::total_bytes), stage_(stage_bytes) {}

  template <template <class> class A, class Body>
  COHORT_HIDDEN void for_each_row(row_layout<host_space> const& rows, Body const& body, A<double>* total) {
    using namespace detail;
    using T = typename Body::compute_type;
    if constexpr (staging_body<Body>) {
      // A cluster of four blocks, whatever a device would choose.
      index_t const slice = (rows.width / 4 + slice_unit) / slice_unit * slice_unit;
      using team = thread_row_team<T, emulated_threads<slice_threads, 4>, emulated_stage>;
      blocks<A>(rows.rows, total, [&](block_range range) {
        return sum_of_rows<A<double>>(team({}, {stage_.data(), stage_bytes}, {slice}), body, range);
      });
    } else if constexpr (by_length<Body>) {
      int const rows_per_tile = rows.rows % 2 == 0 ? tile_rows : 5; // both ways, whatever a device would choose
      blocks<A>((rows.rows + rows_per_tile - 1) / rows_per_tile, total, [&](block_range range) {
        return sum_by_length<A<double>>(emulated_threads<tile_rows>{}, body, rows, rows_per_tile, range);
      });
    } else {
      using team = thread_row_team<T, emulated_threads<row_threads>>;
      blocks<A>(rows.rows, total, [&](block_range range) { return sum_of_rows<A<double>>(team({}), body, range); });
    }
  }
  template <class T, class R>
  COHORT_HIDDEN void multiply(matrix_product<T, R> const& product) {
    detail::multiply_in_loops(product);
  }

private:
  static constexpr index_t stage_bytes = 1 << 20;

  template <template <class> class A, class Range>
  COHORT_HIDDEN void blocks(index_t units, A<double>* total, Range const& range) {
    using sum = A<double>;
    index_t const count = total ? detail::total_slots<sum>(units) : units;
    auto* const partial_sums = reinterpret_cast<sum*>(slots_.data());
    for (index_t b = 0; b < count; ++b) {
      sum const x = range(detail::block_range(units, count, b));
      if (total) ::new (static_cast<void*>(partial_sums + b)) sum(x);
    }
    if (total) *total = detail::sum_of_slots(detail::emulated_threads<detail::row_threads>{}, partial_sums, count);
  }

  std::vector<std::byte> slots_, stage_;
};

static_assert(execution_context<emulated_block_context>);
static_assert(multiplying_context<emulated_block_context, float> &&
              multiplying_context<emulated_block_context, double>);

COHORT_NAMESPACE_END
