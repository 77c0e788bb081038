// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/multiplying_context.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class T>
COHORT_HOST_DEVICE double factor_at(matrix_factor<T> const& x, index_t row, index_t column) {
  return widen<double>(x.data + (x.transposed ? column * x.stride + row : row * x.stride + column));
}

/// One element by the definition, its sum in double.
template <class T, class R>
COHORT_HOST_DEVICE void multiply_element(matrix_product<T, R> const& p, index_t i, index_t j) {
  double sum = 0;
  for (index_t k = 0; k < p.depth; ++k) sum += factor_at(p.left, i, k) * factor_at(p.right, k, j);
  R* const result = p.result + i * p.result_stride + j;
  narrow(result, (p.accumulate ? widen<double>(result) : 0.0) + p.scale * sum);
}

/// By the definition, one element after the other.
template <class T, class R>
void multiply_in_loops(matrix_product<T, R> const& p) {
  for (index_t i = 0; i < p.rows; ++i)
    for (index_t j = 0; j < p.columns; ++j) multiply_element(p, i, j);
}

} // namespace detail

COHORT_NAMESPACE_END
