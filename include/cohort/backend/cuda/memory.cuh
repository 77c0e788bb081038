// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

#include <cuda_runtime.h>

#include <cohort/core/workspace.hpp>

COHORT_NAMESPACE_BEGIN

/// Where a context may take device memory from, in the order of a stream: allocate(bytes, stream) -> void*, aligned to
/// 256 bytes, null where there is none; deallocate(pointer, bytes, stream).
template <class Resource>
concept cuda_memory_resource = std::movable<Resource> &&
    requires(Resource& resource, void* pointer, std::size_t bytes, cudaStream_t stream) {
  { resource.allocate(bytes, stream) } -> std::same_as<void*>;
  resource.deallocate(pointer, bytes, stream);
};

/// The device's own pool. Neither waits for the device.
struct stream_ordered_memory {
  COHORT_INLINE void* allocate(std::size_t bytes, cudaStream_t stream) const {
    void* pointer = nullptr;
    return cudaMallocAsync(&pointer, bytes, stream) == cudaSuccess ? pointer : nullptr;
  }
  COHORT_INLINE void deallocate(void* pointer, std::size_t, cudaStream_t stream) const {
    cudaFreeAsync(pointer, stream);
  }
};

/// The caller lends memory, and frees it after the stream's work.
struct callers_memory {};

namespace detail {

/// Bytes of device memory: of the caller, or of a resource.
template <class Resource>
class cuda_block {
public:
  COHORT_HIDDEN cuda_block(Resource resource, cudaStream_t stream, index_t bytes)
      : resource_(std::move(resource)), stream_(stream) {
    reserve(bytes);
  }
  COHORT_HIDDEN cuda_block(cuda_block&& other) noexcept
      : resource_(std::move(other.resource_)), stream_(other.stream_), memory_(std::exchange(other.memory_, {})) {}
  COHORT_HIDDEN cuda_block& operator=(cuda_block&& other) noexcept {
    std::swap(resource_, other.resource_);
    std::swap(stream_, other.stream_);
    std::swap(memory_, other.memory_);
    return *this;
  }
  COHORT_HIDDEN ~cuda_block() { release(); }

  /// Kernels that use the memory before are ahead of its release on the stream.
  COHORT_HIDDEN void reserve(index_t bytes) {
    if (bytes <= memory_.bytes) return;
    release();
    auto* const pointer = resource_.allocate(static_cast<std::size_t>(bytes), stream_);
    memory_ = {static_cast<std::byte*>(pointer), pointer ? bytes : 0};
  }
  [[nodiscard]] COHORT_HIDDEN scratch_memory get() const noexcept { return memory_; }

private:
  COHORT_HIDDEN void release() noexcept {
    if (memory_.data) resource_.deallocate(memory_.data, static_cast<std::size_t>(memory_.bytes), stream_);
    memory_ = {};
  }

  Resource resource_;
  cudaStream_t stream_;
  scratch_memory memory_{};
};

template <>
class cuda_block<callers_memory> {
public:
  COHORT_HIDDEN explicit cuda_block(scratch_memory memory) noexcept : memory_(memory) {}
  [[nodiscard]] COHORT_HIDDEN scratch_memory get() const noexcept { return memory_; }

private:
  scratch_memory memory_;
};

} // namespace detail

COHORT_NAMESPACE_END
