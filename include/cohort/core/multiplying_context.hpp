// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a context may offer beyond execution_context: products of matrices. Algorithms that need them ask for it by the
/// concept, so that a context without a GEMM stays a context.
///
///   context.multiply(p)   result = scale * left * right, or added to what stands there; in the order of the context's
///                         other work, in the context's memory; the same bits for any number of threads
///
/// Factors are float, double, half or bfloat16, the result is of their type or of that in which their arithmetic is done:
/// sums of products of 16 bits are float, and rounded once where they are stored.
#pragma once

#include <type_traits>

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
template <class T, class R = T>
struct matrix_product {
  static_assert(is_storage<T>, "cohort: factors are float, double, half or bfloat16");
  static_assert(std::is_same_v<R, T> || std::is_same_v<R, compute_t<T>>,
                "cohort: a product is of its factors' type or of that in which their arithmetic is done");

  index_t rows, columns, depth;
  matrix_factor<T> left, right;
  R* result;
  index_t result_stride; ///< of its rows, which are contiguous
  double scale = 1;
  bool accumulate = false;
};

template <class Context, class T, class R = T>
concept multiplying_context = execution_context<Context> &&
    requires(Context& context, matrix_product<T, R> const& product) {
  context.multiply(product);
};

COHORT_NAMESPACE_END
