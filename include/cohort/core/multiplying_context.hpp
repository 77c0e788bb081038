// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a context may offer beyond execution_context: products of matrices. Algorithms that need them ask for it by the
/// concept, so that a context without a GEMM stays a context.
///
///   context.multiply(p)   result = scale * left * right, or added to what stands there; in the order of the context's
///                         other work, in the context's memory; the same bits for any number of threads
#pragma once

#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

/// A matrix whose rows are contiguous and `stride` elements apart; a transposed one stands in memory as its transpose.
template <class T>
struct matrix_factor {
  T const* data;
  index_t stride;
  bool transposed = false;
};

/// result[i,j] = scale * sum_k left[i,k] * right[k,j]      for i < rows, j < columns, k < depth
///
/// `accumulate` adds that to the result; without it the result is not read. It shares no memory with the factors.
template <class T>
struct matrix_product {
  index_t rows, columns, depth;
  matrix_factor<T> left, right;
  T* result;
  index_t result_stride; ///< of its rows, which are contiguous
  double scale = 1;
  bool accumulate = false;
};

template <class Context, class T>
concept multiplying_context = execution_context<Context> &&
    requires(Context& context, matrix_product<T> const& product) {
  context.multiply(product);
};

COHORT_NAMESPACE_END
