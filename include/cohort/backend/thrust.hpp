// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// thrust_context: the same bodies on any Thrust system, one row per element: OpenMP, TBB, C++ and sequential under a
/// plain compiler, CUDA under nvcc.
///
///   cohort::thrust_context context{thrust::omp::par, {.workspace_bytes = 1 << 20}};
///   cohort::thrust_context device{thrust::cuda::par_nosync.on(stream)};              // device_space
///   cohort::thrust_context<policy, cohort::managed_space> managed{policy.on(stream)};
///   cohort::thrust_context<policy, cohort::device_space, engine::allocator> ours{policy.on(stream), {}, allocator};
///
/// All that it asks of Thrust is for_each_n over an index: no temporary memory, no by-key algorithm, nothing that waits
/// under par_nosync. Totals are folded by a tree that depends on the rows alone: the same bits for any number of
/// threads. One call at a time per context; on a stream, calls of one context belong to that stream.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <thrust/execution_policy.h>

#include <cohort/backend/detail/group_by.hpp>
#include <cohort/backend/thrust/fetch.hpp>
#include <cohort/backend/thrust/memory.hpp>
#include <cohort/backend/thrust/rows.hpp>
#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

struct thrust_options {
  index_t workspace_bytes = 64 * 1024;
};

/// Where a policy's system works unless told otherwise.
template <class Policy>
using thrust_space = std::conditional_t<detail::on_a_stream<Policy>, device_space, host_space>;

/// Allocator: of std::byte, with ordinary or Thrust's pointers; used at construction, in reserve and at destruction only.
/// The caller waits for its stream before the last two.
template <class Policy, class Space = thrust_space<Policy>,
          class Allocator = typename detail::thrust_allocator_for<Space>::type>
class thrust_context {
public:
  using memory_space = Space;

  explicit thrust_context(thrust_options options = {}) requires std::default_initializable<Policy>
      : thrust_context(Policy{}, options) {}
  explicit thrust_context(Policy policy, thrust_options options = {}, Allocator const& allocator = Allocator())
      : policy_(std::move(policy)), sums_(allocator, sum_bytes), workspace_(allocator, options.workspace_bytes) {}

  template <template <class> class A, class Body>
  COHORT_HIDDEN void for_each_row(row_layout<Space> const& rows, Body const& body, A<double>* total) {
    using sum = A<double>;
    static_assert(sizeof(sum) <= 1024 && std::is_trivially_copyable_v<sum>);
    if (!total) return detail::on_each(policy_, rows.rows, detail::thrust_row<Body>{body});
    // A sixteenth is more than the levels above the blocks take.
    index_t const blocks = (std::min)(rows.rows, sum_bytes / index_t{sizeof(sum)} / 16 * 15);
    auto* const sums = reinterpret_cast<sum*>(sums_.get().data);
    detail::on_each(policy_, blocks, detail::thrust_rows<sum, Body>{body, rows.rows, blocks, sums});
    detail::merge_all(policy_, sums, blocks, total);
  }
  void group_by(index_view<Space> const& ids, index_t n, index_t* order, index_t* offsets) {
    auto const each = [this](index_t units, auto const& f) { detail::on_each(policy_, units, f); };
    detail::group_by_merging(each, ids, n, order, offsets, reinterpret_cast<index_t*>(sums_.get().data));
  }
  [[nodiscard]] scratch_memory scratch() const noexcept { return workspace_.get(); }
  /// At least that many bytes from now on.
  void reserve(index_t bytes) {
    if (bytes > workspace_.get().bytes) workspace_ = detail::thrust_memory<Allocator>(workspace_.allocator(), bytes);
  }
  template <class X>
  [[nodiscard]] COHORT_HIDDEN X fetch(X const* pointer) {
    return detail::fetch_from(policy_, pointer);
  }
  /// One element per element of the result: for reach, not for speed.
  template <class T, class R>
  COHORT_HIDDEN void multiply(matrix_product<T, R> const& product) {
    detail::on_each(policy_, product.rows * product.columns, detail::thrust_product<T, R>{product});
  }

private:
  static constexpr index_t sum_bytes = 1 << 20; ///< for the totals of a call
  static_assert((detail::group_blocks + 1) * index_t{sizeof(index_t)} <= sum_bytes);

  Policy policy_;
  detail::thrust_memory<Allocator> sums_, workspace_;
};

template <class Policy>
thrust_context(Policy, thrust_options = {}) -> thrust_context<Policy>;
template <class Policy, class Allocator>
thrust_context(Policy, thrust_options, Allocator) -> thrust_context<Policy, thrust_space<Policy>, Allocator>;

namespace detail {

using sequential_thrust_context = thrust_context<std::remove_cv_t<decltype(THRUST_NS_QUALIFIER::seq)>>;
static_assert(team<thread_team<float>> && execution_context<sequential_thrust_context>);
static_assert(multiplying_context<sequential_thrust_context, float> &&
              multiplying_context<sequential_thrust_context, double>);

} // namespace detail

COHORT_NAMESPACE_END
