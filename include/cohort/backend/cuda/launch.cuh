// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The one place where kernels are launched: on the caller's stream, status returned, no error of anybody's cleared.
#pragma once

#include <cuda_runtime.h>

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

struct launch_shape {
  index_t blocks;
  int threads;
  index_t shared_bytes = 0;
  int cluster = 1; ///< blocks of a cluster; 1 is one without
};

/// What a kernel may use beyond the defaults: 48 KiB of shared memory, clusters of 8.
template <class... Parameters>
[[nodiscard]] COHORT_HIDDEN cudaError_t prepare(void (*kernel)(Parameters...), launch_shape const& shape) {
  cudaError_t failure = cudaSuccess;
  if (shape.shared_bytes > 48 * 1024)
    failure =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes));
  if (failure == cudaSuccess && shape.cluster > 8)
    failure = cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1);
  return failure;
}

template <class... Parameters, class... Arguments>
[[nodiscard]] COHORT_HIDDEN cudaError_t launch(cudaStream_t stream, launch_shape const& shape,
                                               void (*kernel)(Parameters...), Arguments const&... arguments) {
  if (cudaError_t const failure = prepare(kernel, shape); failure != cudaSuccess) return failure;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(shape.blocks));
  config.blockDim = dim3(static_cast<unsigned>(shape.threads));
  config.dynamicSmemBytes = static_cast<std::size_t>(shape.shared_bytes);
  config.stream = stream;
  cudaLaunchAttribute cluster{};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim.x = static_cast<unsigned>(shape.cluster);
  cluster.val.clusterDim.y = cluster.val.clusterDim.z = 1;
  config.attrs = &cluster;
  config.numAttrs = shape.cluster > 1 ? 1 : 0;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

} // namespace detail

COHORT_NAMESPACE_END
