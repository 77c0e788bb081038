// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Memory, events and graphs of the device with an owner each. A failure of CUDA is an exception that names the call.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cuda_runtime.h>

#include <cohort/core/view.hpp>

namespace bench {

using cohort::device_space;
using cohort::index_t;

inline void require(cudaError_t result, char const* what) {
  if (result != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(result));
}

/// Uninitialised memory of the device.
template <class T>
class buffer {
  T* data_ = nullptr;
  index_t size_ = 0;

public:
  buffer() = default;
  explicit buffer(index_t size) : size_(size) {
    if (size > 0) require(cudaMalloc(&data_, bytes()), "cudaMalloc");
  }
  explicit buffer(std::vector<T> const& values) : buffer(static_cast<index_t>(values.size())) { upload(values); }
  buffer(buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  buffer& operator=(buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~buffer() { cudaFree(data_); }

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] index_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

  void upload(std::vector<T> const& values) {
    require(cudaMemcpy(data_, values.data(), bytes(), cudaMemcpyHostToDevice), "upload");
    require(cudaStreamSynchronize(nullptr), "upload"); // other streams do not wait for that one
  }
  [[nodiscard]] std::vector<T> download() const {
    std::vector<T> values(static_cast<std::size_t>(size_));
    require(cudaMemcpy(values.data(), data_, bytes(), cudaMemcpyDeviceToHost), "download");
    return values;
  }

  [[nodiscard]] cohort::view<T, 1, device_space> view() const { return {data_, {size_}, {1}}; }
  [[nodiscard]] cohort::view<T, 2, device_space> matrix(index_t rows) const {
    return {data_, {rows, size_ / rows}, {size_ / rows, 1}};
  }
};

class event {
  cudaEvent_t event_{};

public:
  event() { require(cudaEventCreate(&event_), "cudaEventCreate"); }
  event(event const&) = delete;
  event& operator=(event const&) = delete;
  ~event() { cudaEventDestroy(event_); }
  void record(cudaStream_t stream) { require(cudaEventRecord(event_, stream), "cudaEventRecord"); }
  [[nodiscard]] double milliseconds_since(event const& earlier) const {
    float ms = 0;
    require(cudaEventSynchronize(event_), "cudaEventSynchronize");
    require(cudaEventElapsedTime(&ms, earlier.event_, event_), "cudaEventElapsedTime");
    return static_cast<double>(ms);
  }
};

/// What was put on a stream while it was recorded, to be run again as a whole.
class graph {
  cudaGraphExec_t program_ = nullptr;
  index_t nodes_ = 0;

public:
  graph() = default;
  /// Throws where something in `call` cannot be recorded: a wait, an allocation.
  template <class Call>
  graph(cudaStream_t stream, Call const& call) {
    cudaGraph_t recorded = nullptr;
    require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    try {
      call();
    } catch (...) {
      cudaStreamEndCapture(stream, &recorded);
      cudaGetLastError(); // the recording is over, and its failure told
      throw;
    }
    cudaError_t const ended = cudaStreamEndCapture(stream, &recorded);
    if (ended != cudaSuccess) cudaGetLastError();
    require(ended, "cudaStreamEndCapture");
    std::size_t count = 0;
    require(cudaGraphGetNodes(recorded, nullptr, &count), "cudaGraphGetNodes");
    nodes_ = static_cast<index_t>(count);
    require(cudaGraphInstantiate(&program_, recorded, 0), "cudaGraphInstantiate");
    cudaGraphDestroy(recorded);
  }
  graph(graph&& other) noexcept
      : program_(std::exchange(other.program_, nullptr)), nodes_(std::exchange(other.nodes_, 0)) {}
  graph& operator=(graph&& other) noexcept {
    std::swap(program_, other.program_);
    std::swap(nodes_, other.nodes_);
    return *this;
  }
  ~graph() {
    if (program_) cudaGraphExecDestroy(program_);
  }
  [[nodiscard]] explicit operator bool() const { return program_ != nullptr; }
  [[nodiscard]] index_t nodes() const { return nodes_; }
  void launch(cudaStream_t stream) const { require(cudaGraphLaunch(program_, stream), "cudaGraphLaunch"); }
};

} // namespace bench
