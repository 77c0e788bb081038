// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A matrix product by cuBLASLt, as plainly as it is called: the limit of a head.
#pragma once

#if __has_include(<cublasLt.h>) && !defined(COHORT_BENCH_NO_CUBLAS)
#define COHORT_BENCH_CUBLAS 1
#include <cublasLt.h>
#include <cuda_bf16.h>

#include "device.cuh"

namespace bench {

inline void require(cublasStatus_t result, char const* what) {
  if (result != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string(what) + ": " + cublasLtGetStatusString(result));
}

/// result[m x n] = left[m x k] * right[k x n], row-major; a transposed factor stands in memory as its transpose.
struct product_shape {
  index_t m, n, k;
  bool left_transposed = false, right_transposed = false;
  bool bf16 = true;          ///< factors; float ones otherwise, in full precision
  bool float_result = false; ///< of bf16 factors
  bool accumulate = false;
  [[nodiscard]] double operations() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
};

class product_handle {
  cublasLtHandle_t handle_ = nullptr;

public:
  product_handle() { require(cublasLtCreate(&handle_), "cublasLtCreate"); }
  product_handle(product_handle const&) = delete;
  product_handle& operator=(product_handle const&) = delete;
  ~product_handle() { cublasLtDestroy(handle_); }
  [[nodiscard]] cublasLtHandle_t get() const { return handle_; }
};

class product {
  static constexpr std::size_t workspace_bytes = 32U << 20;
  product_handle handle_{};
  cublasLtMatmulDesc_t what_ = nullptr;
  cublasLtMatrixLayout_t left_ = nullptr, right_ = nullptr, result_ = nullptr;
  cublasLtMatmulHeuristicResult_t way_{};
  buffer<std::byte> workspace_{static_cast<index_t>(workspace_bytes)};
  product_shape shape_;

  static cublasLtMatrixLayout_t layout(cudaDataType type, index_t rows, index_t columns) {
    cublasLtMatrixLayout_t x = nullptr; // the transpose of a row-major matrix is column-major
    require(cublasLtMatrixLayoutCreate(&x, type, static_cast<std::uint64_t>(columns), static_cast<std::uint64_t>(rows),
                                       columns),
            "cublasLtMatrixLayoutCreate");
    return x;
  }
  void transpose(cublasLtMatmulDescAttributes_t which, bool transposed) {
    cublasOperation_t const operation = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    require(cublasLtMatmulDescSetAttribute(what_, which, &operation, sizeof operation), "transpose");
  }

public:
  explicit product(product_shape const& s) : shape_(s) {
    auto const in = s.bf16 ? CUDA_R_16BF : CUDA_R_32F, out = s.bf16 && !s.float_result ? CUDA_R_16BF : CUDA_R_32F;
    require(cublasLtMatmulDescCreate(&what_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    // In columns: result' = right' * left'.
    transpose(CUBLASLT_MATMUL_DESC_TRANSA, s.right_transposed);
    transpose(CUBLASLT_MATMUL_DESC_TRANSB, s.left_transposed);
    right_ = s.right_transposed ? layout(in, s.n, s.k) : layout(in, s.k, s.n);
    left_ = s.left_transposed ? layout(in, s.k, s.m) : layout(in, s.m, s.k);
    result_ = layout(out, s.m, s.n);
    cublasLtMatmulPreference_t preference = nullptr;
    require(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_bytes,
                                         sizeof workspace_bytes);
    int found = 0;
    require(cublasLtMatmulAlgoGetHeuristic(handle_.get(), what_, right_, left_, result_, result_, preference, 1, &way_,
                                           &found),
            "cublasLtMatmulAlgoGetHeuristic");
    cublasLtMatmulPreferenceDestroy(preference);
    if (found < 1) throw std::runtime_error("cuBLASLt knows no way to multiply these");
  }
  product(product const&) = delete;
  product& operator=(product const&) = delete;
  ~product() {
    for (auto x : {left_, right_, result_}) cublasLtMatrixLayoutDestroy(x);
    cublasLtMatmulDescDestroy(what_);
  }
  void operator()(cudaStream_t stream, void const* left, void const* right, void* result) const {
    float const one = 1, before = shape_.accumulate ? 1.0F : 0.0F;
    require(cublasLtMatmul(handle_.get(), what_, &one, right, right_, left, left_, &before, result, result_, result,
                           result_, &way_.algo, workspace_.data(), workspace_bytes, stream),
            "cublasLtMatmul");
  }
};

} // namespace bench
#else
#define COHORT_BENCH_CUBLAS 0
#endif
