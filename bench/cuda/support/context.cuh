// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The context under test: cuda_context, or thrust_context with -DCOHORT_BENCH_THRUST (and where there is no other).
#pragma once

#include <cstddef>

#include <cohort/cohort.hpp>

#include "device.cuh"

#if __has_include(<cohort/backend/cuda.cuh>) && !defined(COHORT_BENCH_THRUST)
#define COHORT_BENCH_CUDA 1
#include <cohort/backend/cuda.cuh>
#else
#define COHORT_BENCH_CUDA 0
#include <thrust/system/cuda/execution_policy.h>

#include <cohort/backend/thrust.hpp>
#endif

namespace bench {

#if COHORT_BENCH_CUDA
using device_context = cohort::cuda_context;
inline constexpr index_t own_bytes = device_context::own_bytes;
inline constexpr char const* context_name = "cuda_context";
#else
using device_context = cohort::thrust_context<decltype(THRUST_NS_QUALIFIER::cuda::par_nosync.on(cudaStream_t{}))>;
inline constexpr index_t own_bytes = 1 << 20;
inline constexpr char const* context_name = "thrust_context";
#endif

/// A context with so much workspace, memory included.
class owned_context {
  index_t workspace_;
  buffer<std::byte> memory_;
  device_context context_;

public:
#if COHORT_BENCH_CUDA
  owned_context(cudaStream_t stream, index_t workspace)
      : workspace_((workspace + 255) / 256 * 256),
        memory_(own_bytes + workspace_), context_{stream, {.data = memory_.data(), .bytes = memory_.size()}} {}
#else
  owned_context(cudaStream_t stream, index_t workspace)
      : workspace_(workspace), context_{THRUST_NS_QUALIFIER::cuda::par_nosync.on(stream),
                                        {.workspace_bytes = workspace}} {}
#endif
  [[nodiscard]] device_context& operator*() { return context_; }
  /// What the context holds beyond a call's arguments.
  [[nodiscard]] index_t bytes() const { return own_bytes + workspace_; }
};

} // namespace bench
