// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Where stories take place on a device: a stream, and a context on it.
#pragma once

#include <thrust/execution_policy.h>

#include <cohort/backend/thrust.hpp>

#include <device/memory.hpp>

#if __has_include(<cohort/backend/cuda.cuh>)
#include <cohort/backend/cuda.cuh>
#endif
#if defined(COHORT_TEST_CUBLAS)
#include <cohort/backend/cublas.cuh>
#endif

namespace device {

inline constexpr std::size_t workspace_bytes = std::size_t{96} << 20;

class stream_of_its_own {
public:
  stream_of_its_own() { require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream"); }
  ~stream_of_its_own() { cudaStreamDestroy(stream_); }
  stream_of_its_own(stream_of_its_own const&) = delete;
  stream_of_its_own& operator=(stream_of_its_own const&) = delete;
  [[nodiscard]] cudaStream_t get() const { return stream_; }

private:
  cudaStream_t stream_ = nullptr;
};

/// Device memory of the caller's that a context works in.
class lent_memory {
public:
  explicit lent_memory(std::size_t bytes) : bytes_(bytes) { require(cudaMalloc(&data_, bytes), "a workspace"); }
  ~lent_memory() { cudaFree(data_); }
  lent_memory(lent_memory const&) = delete;
  lent_memory& operator=(lent_memory const&) = delete;
  [[nodiscard]] cohort::scratch_memory get() const {
    return {static_cast<std::byte*>(data_), static_cast<index_t>(bytes_)};
  }
  /// As a pool does that gives it to somebody else.
  void overwrite(cudaStream_t stream) { require(cudaMemsetAsync(data_, 0xff, bytes_, stream), "overwriting"); }

private:
  using index_t = cohort::index_t;
  void* data_ = nullptr;
  std::size_t bytes_;
};

struct thrust_place {
  using context_type = cohort::thrust_context<decltype(THRUST_NS_QUALIFIER::cuda::par_nosync.on(cudaStream_t{}))>;
  static constexpr char const* name = "thrust_context";
  static constexpr bool strict = false; ///< about what it asks of the runtime besides memory and waiting
  stream_of_its_own stream{};
  context_type context{THRUST_NS_QUALIFIER::cuda::par_nosync.on(stream.get()),
                       {.workspace_bytes = static_cast<cohort::index_t>(workspace_bytes)}};
  void overwrite() {}
  [[nodiscard]] cudaError_t status() const { return cudaSuccess; }
};

#if __has_include(<cohort/backend/cuda.cuh>)
struct cuda_place {
  using context_type = cohort::cuda_context;
  static constexpr char const* name = "cuda_context";
  static constexpr bool strict = true;
  stream_of_its_own stream{};
  lent_memory memory{workspace_bytes};
  context_type context{stream.get(), memory.get()};
  void overwrite() { memory.overwrite(stream.get()); }
  [[nodiscard]] cudaError_t status() const { return context.status(); }
};
#else
using cuda_place = thrust_place;
#endif

#if defined(COHORT_TEST_CUBLAS)
class cublas_handle {
public:
  cublas_handle() {
    if (cublasLtCreate(&handle_) != CUBLAS_STATUS_SUCCESS) require(cudaErrorUnknown, "cublasLtCreate");
  }
  ~cublas_handle() { cublasLtDestroy(handle_); }
  cublas_handle(cublas_handle const&) = delete;
  cublas_handle& operator=(cublas_handle const&) = delete;
  [[nodiscard]] cublasLtHandle_t get() const { return handle_; }

private:
  cublasLtHandle_t handle_ = nullptr;
};

struct cublas_place {
  using context_type = cohort::cublas_context;
  static constexpr char const* name = "cublas_context";
  static constexpr bool strict = false; // the library's own kernels
  stream_of_its_own stream{};
  cublas_handle handle{};
  lent_memory memory{workspace_bytes};
  context_type context{handle.get(), stream.get(), memory.get()};
  void overwrite() { memory.overwrite(stream.get()); }
  [[nodiscard]] cudaError_t status() const { return context.status(); }
};
#endif

} // namespace device
