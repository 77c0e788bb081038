// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// cuda_context: every algorithm on the caller's stream, in the caller's memory.
///
///   cohort::cuda_context context{stream, {.data = device_memory, .bytes = bytes}};
///   cohort::basic_cuda_context<cohort::stream_ordered_memory> owning{stream, {}, {.workspace_bytes = 1 << 20}};
///
/// A call launches kernels and returns: it never waits, allocates, touches another stream, sets the device or clears an
/// error, and a CUDA graph may capture it. A launch that fails is remembered: status(). The one function that waits is
/// fetch, and with it cohort::read.
///
/// The same bits for any stream and schedule: rows go to blocks by the layout alone, sums and totals are fixed trees.
/// Kernels run on the device that is current where the context is made. One call at a time per context.
#pragma once

#include <algorithm>
#include <concepts>
#include <utility>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cohort/backend/cuda/kernels.cuh>
#include <cohort/backend/cuda/launch.cuh>
#include <cohort/backend/cuda/memory.cuh>
#include <cohort/backend/detail/group_by.hpp>
#include <cohort/core/error.hpp>
#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

template <>
struct scalar_traits<__nv_bfloat16> {
  using storage = bfloat16;
};
template <>
struct scalar_traits<__half> {
  using storage = half;
};

struct cuda_options {
  index_t workspace_bytes = 64 * 1024;
};

namespace detail {

/// What the current device has to offer; what it does not say is left as it is.
COHORT_HIDDEN inline device_limits limits_of_device() {
  int device = 0, major = 0, minor = 0, multiprocessors = 0, shared = 0;
  device_limits limits;
  if (cudaGetDevice(&device) != cudaSuccess) return limits;
  auto const ask = [device](int& value, cudaDeviceAttr what) {
    return cudaDeviceGetAttribute(&value, what, device) == cudaSuccess;
  };
  if (ask(major, cudaDevAttrComputeCapabilityMajor) && ask(minor, cudaDevAttrComputeCapabilityMinor))
    limits.architecture = 10 * major + minor;
  if (ask(multiprocessors, cudaDevAttrMultiProcessorCount)) limits.multiprocessors = multiprocessors;
  if (ask(shared, cudaDevAttrMaxSharedMemoryPerBlockOptin)) limits.shared_bytes = shared;
  return limits;
}

} // namespace detail

template <class Resource>
class basic_cuda_context {
public:
  using memory_space = device_space;
  /// Of the memory it is given, what a context keeps for totals: the first bytes. scratch() is the rest.
  static constexpr index_t own_bytes = detail::total_bytes;

  /// Memory: on the device, aligned to 256 bytes, own_bytes and the workspace.
  COHORT_HIDDEN basic_cuda_context(cudaStream_t stream,
                                   scratch_memory memory) requires std::same_as<Resource, callers_memory>
      : stream_(stream), limits_(detail::limits_of_device()), memory_(memory) {}
  /// The resource is asked for memory here and in reserve, and given it back at destruction.
  COHORT_HIDDEN basic_cuda_context(cudaStream_t stream, Resource resource,
                                   cuda_options options = {}) requires cuda_memory_resource<Resource>
      : stream_(stream),
        limits_(detail::limits_of_device()),
        memory_(std::move(resource), stream, own_bytes + options.workspace_bytes) {}

  template <template <class> class A, class Body>
  COHORT_HIDDEN void for_each_row(row_layout<device_space> const& rows, Body const& body, A<double>* total) {
    using namespace detail;
    using sum = A<double>;
    static_assert(sizeof(sum) <= block_exchange<row_threads>::sum_bytes);
    if constexpr (staging_body<Body>)
      launch_staged(rows, body, total);
    else if constexpr (by_length<Body>)
      launch_by_length(rows, body, total);
    else
      launch_rows({rows.rows, row_threads}, total, block_rows_kernel<sum, Body>, body, rows.rows);
  }
  COHORT_HIDDEN void group_by(index_view<device_space> const& ids, index_t n, index_t* order, index_t* offsets) {
    if (!own_memory()) return;
    auto* const counts = reinterpret_cast<index_t*>(memory_.get().data);
    detail::group_by_merging([this](index_t units, auto const& f) { for_each_index(units, f); }, ids, n, order, offsets,
                             counts);
  }
  [[nodiscard]] COHORT_HIDDEN scratch_memory scratch() const noexcept {
    scratch_memory const all = memory_.get();
    return all.data && all.bytes > own_bytes ? scratch_memory{all.data + own_bytes, all.bytes - own_bytes}
                                             : scratch_memory{};
  }
  /// At least that many bytes from now on.
  COHORT_HIDDEN void reserve(index_t bytes) requires cuda_memory_resource<Resource> {
    memory_.reserve(own_bytes + bytes);
  }
  /// The value at a pointer into device memory, after everything so far on the stream: waits for it. Fails with
  /// device_error where that cannot be had, or a launch has failed before.
  template <class X>
  [[nodiscard]] COHORT_HIDDEN X fetch(X const* pointer) {
    X value{};
    note(cudaMemcpyAsync(&value, pointer, sizeof(X), cudaMemcpyDefault, stream_));
    if (status_ == cudaSuccess) note(cudaStreamSynchronize(stream_));
    if (status_ != cudaSuccess)
      detail::fail_with<device_error>({error_code::device_failure, "cuda_context", cudaGetErrorName(status_),
                                       cudaGetErrorString(status_), -1, status::values_told::none, 0, 0});
    return value;
  }

  [[nodiscard]] COHORT_HIDDEN cudaStream_t stream() const noexcept { return stream_; }
  /// The first failure since the context was made: of a launch, or of fetch.
  [[nodiscard]] COHORT_HIDDEN cudaError_t status() const noexcept { return status_; }

protected:
  COHORT_HIDDEN void note(cudaError_t result) noexcept {
    if (status_ == cudaSuccess) status_ = result;
  }

private:
  static constexpr index_t most_blocks = index_t{1} << 30;
  static_assert((detail::group_blocks + 1) * index_t{sizeof(index_t)} <= own_bytes);

  COHORT_HIDDEN bool own_memory() noexcept {
    if (memory_.get().data && memory_.get().bytes >= own_bytes) return true;
    note(cudaErrorInvalidValue);
    return false;
  }
  template <class F>
  COHORT_HIDDEN void for_each_index(index_t n, F const& f) {
    if (n < 1) return;
    index_t const blocks = (n + detail::row_threads - 1) / detail::row_threads;
    detail::launch_shape const shape{blocks < most_blocks ? blocks : most_blocks, detail::row_threads};
    note(detail::launch(stream_, shape, detail::each_index_kernel<F>, n, f));
  }

  /// shape.blocks is how many units of work there are: as many blocks, or clusters, or fewer where there is a total, whose
  /// partial_sums are the last argument of the kernel. An empty total is one, too.
  template <class Sum, class... Parameters, class... Arguments>
  COHORT_HIDDEN void launch_rows(detail::launch_shape shape, Sum* total, void (*kernel)(Parameters...),
                                 Arguments const&... arguments) {
    index_t const units = shape.blocks;
    if ((units < 1 && !total) || (total && !own_memory())) return;
    auto* const partial_sums = total ? reinterpret_cast<Sum*>(memory_.get().data) : nullptr;
    index_t const most = total ? detail::total_slots<Sum>(units) : most_blocks / shape.cluster;
    index_t const count = units < most ? units : most;
    shape.blocks = count * shape.cluster;
    if (count > 0) note(detail::launch(stream_, shape, kernel, arguments..., partial_sums));
    if (total)
      note(detail::launch(stream_, {1, detail::row_threads}, detail::merge_slots_kernel<Sum>, partial_sums, count,
                          total));
  }
  template <class Body, class Sum>
  COHORT_HIDDEN void launch_by_length(row_layout<device_space> const& rows, Body const& body, Sum* total) {
    using namespace detail;
    constexpr index_t element = sizeof(typename Body::compute_type);
    if (in_tiles(limits_, rows, element))
      return launch_rows({(rows.rows + tile_rows - 1) / tile_rows, tile_rows, tile_bytes(rows.width, element)}, total,
                         tile_rows_kernel<Sum, Body>, body, rows.rows, rows.width);
    int const rows_per_tile = rows_of_tile(limits_, rows.rows);
    launch_rows({(rows.rows + rows_per_tile - 1) / rows_per_tile, tile_rows}, total, rows_by_length_kernel<Sum, Body>,
                body, rows, rows_per_tile);
  }
  template <class Body, class Sum>
  COHORT_HIDDEN void launch_staged(row_layout<device_space> const& rows, Body const& body, Sum* total) {
    using namespace detail;
    device_limits limits = limits_;
    // Code for an older architecture knows no clusters, whatever the device: PTX may have been translated for it.
    cudaFuncAttributes code{};
    cudaError_t const known = cudaFuncGetAttributes(&code, staged_rows_kernel<Sum, Body>);
    if (known != cudaSuccess) return note(known);
    limits.architecture = (std::min)(limits.architecture, code.ptxVersion);
    auto const plan = plan_staged(limits, rows.rows, rows.width, sizeof(typename Body::staged_type));
    if (plan.shared_bytes == 0)
      return launch_rows({rows.rows, row_threads}, total, block_rows_kernel<Sum, Body>, body, rows.rows);
    launch_rows({rows.rows, slice_threads, plan.shared_bytes, plan.ranks}, total, staged_rows_kernel<Sum, Body>, body,
                rows.rows, plan.slice, plan.ranks);
  }

  cudaStream_t stream_;
  detail::device_limits limits_;
  detail::cuda_block<Resource> memory_;
  cudaError_t status_ = cudaSuccess;
};

/// In memory of the caller's.
using cuda_context = basic_cuda_context<callers_memory>;

static_assert(execution_context<cuda_context> && execution_context<basic_cuda_context<stream_ordered_memory>>);

COHORT_NAMESPACE_END
