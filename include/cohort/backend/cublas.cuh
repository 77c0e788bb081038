// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// cublas_context: a cuda_context that multiplies matrices, through the caller's cuBLASLt handle.
///
///   cohort::cublas_context context{handle, stream, {.data = device_memory, .bytes = bytes}};       // 32 MiB of it for products
///   cohort::basic_cublas_context owning{handle, product_memory, cohort::basic_cuda_context<pool>{stream, pool{}, ...}};
///
/// Products run on the context's stream, in the context's memory; nothing is allocated on the device, nothing waits, and
/// a CUDA graph may capture them. float stays float: TF32 only where it is asked for.
///
/// The same bits every time: an algorithm is a function of shape, types and alignment alone, none adds in an order that
/// depends on timing, and the workspace is the context's own. Other cuBLAS versions and devices have other algorithms.
#pragma once

#include <type_traits>
#include <utility>

#include <cublasLt.h>

#include <cohort/backend/cublas/multiplier.cuh>
#include <cohort/backend/cuda.cuh>
#include <cohort/core/multiplying_context.hpp>

COHORT_NAMESPACE_BEGIN

template <class Base>
class basic_cublas_context : public Base {
public:
  /// Memory: on the device, aligned to 256 bytes; the first options.product_bytes are the products', the rest is Base's.
  COHORT_HIDDEN
  basic_cublas_context(cublasLtHandle_t handle, cudaStream_t stream, scratch_memory memory,
                       cublas_options options = {}) requires std::constructible_from<Base, cudaStream_t, scratch_memory>
      : Base(stream, detail::behind_products(memory, options)),
        multiplier_(handle, detail::for_products(memory, options), options) {}
  /// A context as it is, and memory for the products, on the device, aligned to 256 bytes: all of it is used.
  COHORT_HIDDEN basic_cublas_context(cublasLtHandle_t handle, scratch_memory products, Base base,
                                     cublas_options options = {})
      : Base(std::move(base)), multiplier_(handle, products, options) {}

  /// Rows of every matrix are at least as far apart as they are long.
  template <class T, class R>
  COHORT_HIDDEN void multiply(matrix_product<T, R> const& product) {
    multiplier_.multiply(this->stream(), detail::erased(product));
  }
  /// As cuda_context's; fails with device_error where a product has failed before, too.
  template <class X>
  [[nodiscard]] COHORT_HIDDEN X fetch(X const* pointer) {
    cublasStatus_t const failed = multiply_status();
    if (failed == CUBLAS_STATUS_SUCCESS) return Base::fetch(pointer);
    detail::fail_with<device_error>({error_code::device_failure, "cublas_context", cublasLtGetStatusName(failed),
                                     cublasLtGetStatusString(failed), -1, status::values_told::none, 0, 0});
    return X{};
  }
  /// Of the first product that failed since the context was made; those after it were not launched.
  [[nodiscard]] COHORT_HIDDEN cublasStatus_t multiply_status() const noexcept { return multiplier_.status(); }

private:
  detail::cublas_multiplier multiplier_;
};

/// In memory of the caller's.
using cublas_context = basic_cublas_context<cuda_context>;

static_assert(multiplying_context<cublas_context, float> && multiplying_context<cublas_context, double>);
static_assert(multiplying_context<cublas_context, half> && multiplying_context<cublas_context, half, float>);
static_assert(multiplying_context<cublas_context, bfloat16> && multiplying_context<cublas_context, bfloat16, float>);

COHORT_NAMESPACE_END
