// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The memory of stories on a device: buffers of cudaMalloc, or managed ones; copies on a stream, from pinned memory, so
/// that nothing but the stream says when they happen.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <cuda_runtime.h>

#include <cases/stories/recording.hpp>

namespace device {

/// For calls of the program itself.
inline void require(cudaError_t result, char const* what) {
  if (result == cudaSuccess) return;
  std::printf("FAILED  %s: %s\n", what, cudaGetErrorString(result));
  std::exit(1);
}

/// Pinned bytes handed out one after the other, until the stream has caught up.
class pinned_arena {
public:
  pinned_arena() { require(cudaMallocHost(&data_, bytes), "cudaMallocHost"); }
  pinned_arena(pinned_arena const&) = delete;
  pinned_arena& operator=(pinned_arena const&) = delete;
  ~pinned_arena() { cudaFreeHost(data_); }

  static constexpr std::size_t bytes = std::size_t{256} << 20;
  void* take(std::size_t n) {
    if (used_ + n > bytes) return nullptr;
    void* const at = static_cast<unsigned char*>(data_) + used_;
    used_ += (n + 255) / 256 * 256;
    return at;
  }
  void reset() { used_ = 0; }

private:
  void* data_ = nullptr;
  std::size_t used_ = 0;
};

class device_memory final : public stories::memory {
public:
  device_memory(cudaStream_t stream, pinned_arena& arena) : stream_(stream), arena_(arena) {}

  void* allocate(std::size_t bytes) override {
    void* pointer = nullptr;
    std::size_t const some = bytes > 0 ? bytes : 1;
    require(managed ? cudaMallocManaged(&pointer, some) : cudaMalloc(&pointer, some), "a buffer of a story");
    return pointer;
  }
  void release(void* pointer) override { require(cudaFree(pointer), "cudaFree"); }
  void write(void* to, void const* from, std::size_t bytes) override {
    void* staged = arena_.take(bytes);
    if (!staged) wait(), staged = arena_.take(bytes);
    if (!staged) return require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "write");
    std::memcpy(staged, from, bytes);
    require(cudaMemcpyAsync(to, staged, bytes, cudaMemcpyHostToDevice, stream_), "write");
  }
  void fill(void* to, unsigned char value, std::size_t bytes) override {
    if (bytes > 0) require(cudaMemsetAsync(to, value, bytes, stream_), "fill");
  }
  void read(void* to, void const* from, std::size_t bytes) override {
    require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "read");
    wait();
  }

  bool managed = false;

private:
  void wait() {
    require(cudaStreamSynchronize(stream_), "the stream of a story");
    arena_.reset();
  }

  cudaStream_t stream_;
  pinned_arena& arena_;
};

} // namespace device
