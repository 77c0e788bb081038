// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a Thrust system runs: functors over an index, no temporary memory, no order between them but that of the calls.
#pragma once

#include <algorithm>
#include <new>

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include <cohort/backend/detail/block_range.hpp>
#include <cohort/backend/detail/thread_team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// f(i) for i in [0, n), in the policy's own order and stream. It does not wait unless the policy does.
template <class Policy, class F>
COHORT_HIDDEN void on_each(Policy const& policy, index_t n, F const& f) {
  if (n < 1) return; // an empty launch is an error for some
  THRUST_NS_QUALIFIER::for_each_n(policy, THRUST_NS_QUALIFIER::counting_iterator<index_t>(0), n, f);
}

template <class Body>
struct thrust_row {
  Body body;
  COHORT_HOST_DEVICE void operator()(index_t r) const { body(thread_team<typename Body::compute_type>{}, r); }
};

/// What block b of the rows sums to.
template <class Sum, class Body>
struct thrust_rows {
  Body body;
  index_t rows, blocks;
  Sum* sums;
  COHORT_HOST_DEVICE void operator()(index_t b) const {
    block_range const block(rows, blocks, b);
    Sum sum;
    for (index_t r = block.first; r < block.last; ++r)
      sum = merge(sum, body(thread_team<typename Body::compute_type>{}, r));
    ::new (static_cast<void*>(sums + b)) Sum(sum);
  }
};

/// One level of a tree: element e is the merge of `fan_in` sums, in their order.
template <class Sum>
struct thrust_merge {
  static constexpr index_t fan_in = 32;
  Sum const* sums;
  index_t count;
  Sum* merged;
  COHORT_HOST_DEVICE void operator()(index_t e) const {
    index_t const last = (e + 1) * fan_in < count ? (e + 1) * fan_in : count;
    Sum sum;
    for (index_t i = e * fan_in; i < last; ++i) sum = merge(sum, sums[i]);
    ::new (static_cast<void*>(merged + e)) Sum(sum);
  }
};

/// *total = the merge of sums[0..count), which stand before room for the levels above them.
template <class Policy, class Sum>
COHORT_HIDDEN void merge_all(Policy const& policy, Sum* sums, index_t count, Sum* total) {
  constexpr index_t fan_in = thrust_merge<Sum>::fan_in;
  while (count > fan_in) {
    index_t const next = (count + fan_in - 1) / fan_in;
    on_each(policy, next, thrust_merge<Sum>{sums, count, sums + count});
    sums += count;
    count = next;
  }
  on_each(policy, 1, thrust_merge<Sum>{sums, count, total});
}

template <class T, class R>
struct thrust_product {
  matrix_product<T, R> product;
  COHORT_HOST_DEVICE void operator()(index_t e) const {
    multiply_element(product, e / product.columns, e % product.columns);
  }
};

} // namespace detail

COHORT_NAMESPACE_END
