// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

#include <thrust/system/system_error.h>
#include <thrust/version.h>

#include <cohort/detail/config.hpp>
#include <cohort/detail/namespace.hpp>

#if defined(__CUDACC__)
#include <thrust/system/cuda/error.h>
#endif

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Whether a policy's work goes to a CUDA stream. Its `stream` is found by the policy's own namespace.
template <class Policy>
concept on_a_stream = requires(Policy& policy) {
  stream(policy);
};

/// The value at a pointer into the memory that the policy works in, after all of its work so far.
template <class X, class Policy>
COHORT_HIDDEN X fetch_from(Policy&, X const* pointer) {
  return *pointer; // of OpenMP, TBB and their like, whose algorithms have ended when they return
}

#if defined(__CUDACC__)
template <class X, on_a_stream Policy>
COHORT_HIDDEN X fetch_from(Policy& policy, X const* pointer) {
  X value{};
  auto const queue = stream(policy);
  cudaError_t failure = cudaMemcpyAsync(&value, pointer, sizeof(X), cudaMemcpyDefault, queue);
  if (failure == cudaSuccess) failure = cudaStreamSynchronize(queue);
  if (failure != cudaSuccess)
    throw THRUST_NS_QUALIFIER::system_error(failure, THRUST_NS_QUALIFIER::cuda_category(), "cohort: fetch");
  return value;
}
#endif

} // namespace detail

COHORT_NAMESPACE_END
