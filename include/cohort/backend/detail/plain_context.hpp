// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One row after the other on the calling thread, with any team: the reference and the emulated device.
#pragma once

#include <cohort/backend/detail/host_memory.hpp>
#include <cohort/backend/detail/one_thread.hpp>
#include <cohort/backend/detail/plain_product.hpp>
#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Team: a template over the type in which a body computes.
template <template <class> class Team>
class plain_context : public host_memory {
public:
  plain_context() : plain_context(host_options{}) {}
  explicit plain_context(host_options options) : host_memory(options.workspace_bytes) {}

  template <template <class> class A, class Body>
  COHORT_HIDDEN void for_each_row(row_layout<host_space> const& rows, Body const& body, A<double>* total) {
    Team<typename Body::compute_type> const team{};
    A<double> sum;
    for (index_t r = 0; r < rows.rows; ++r) sum = merge(sum, body(team, r));
    if (total) *total = sum;
  }
  template <class T, class R>
  COHORT_HIDDEN void multiply(matrix_product<T, R> const& product) {
    multiply_in_loops(product);
  }
};

/// What a team does that has nothing to stage and looks at a row whole.
struct unstaged_team : one_thread {
  static constexpr int max_chunks = 1;
  [[nodiscard]] COHORT_HOST_DEVICE index_t chunk(index_t n) const { return n; }
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE line<X> stage(int, line<X> x, index_t) const {
    return x;
  }
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE line<X> stage_out(int, line<X> x, index_t) const {
    return x;
  }
  template <class X>
  COHORT_HOST_DEVICE void commit(line<X>, line<X>, index_t) const {}
};

} // namespace detail

COHORT_NAMESPACE_END
