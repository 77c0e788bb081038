// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/core/multiplying_context.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// By the definition, each element's sum in double.
template <class T>
void multiply_in_loops(matrix_product<T> const& p) {
  auto const at = [](matrix_factor<T> const& x, index_t row, index_t column) {
    return static_cast<double>(x.transposed ? x.data[column * x.stride + row] : x.data[row * x.stride + column]);
  };
  for (index_t i = 0; i < p.rows; ++i)
    for (index_t j = 0; j < p.columns; ++j) {
      double sum = 0;
      for (index_t k = 0; k < p.depth; ++k) sum += at(p.left, i, k) * at(p.right, k, j);
      T& result = p.result[i * p.result_stride + j];
      result = static_cast<T>((p.accumulate ? static_cast<double>(result) : 0.0) + p.scale * sum);
    }
}

} // namespace detail

COHORT_NAMESPACE_END
