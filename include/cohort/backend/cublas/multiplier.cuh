// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One product of matrices through cublasLtMatmul. cuBLAS has columns where the library has rows: it is given the
/// transposed problem, result' = right' * left', whose matrices are the same memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <cohort/core/multiplying_context.hpp>

COHORT_NAMESPACE_BEGIN

struct cublas_options {
  index_t product_bytes = index_t{32} << 20; ///< of the context's memory, for products alone
  bool tf32 = false;                         ///< factors of float rounded to TF32: 10 bits behind the point
};

namespace detail {

inline constexpr index_t cublas_alignment = 256;

constexpr index_t product_share(scratch_memory const& memory, cublas_options const& options) {
  index_t const bytes = memory.bytes < options.product_bytes ? memory.bytes : options.product_bytes;
  return bytes > 0 ? bytes / cublas_alignment * cublas_alignment : 0;
}
constexpr scratch_memory for_products(scratch_memory const& memory, cublas_options const& options) {
  return {memory.data, product_share(memory, options)};
}
constexpr scratch_memory behind_products(scratch_memory const& memory, cublas_options const& options) {
  index_t const bytes = product_share(memory, options);
  return {memory.data ? memory.data + bytes : nullptr, memory.bytes - bytes};
}

template <class T>
inline constexpr cudaDataType_t cuda_type_of = std::is_same_v<T, double>     ? CUDA_R_64F
                                               : std::is_same_v<T, float>    ? CUDA_R_32F
                                               : std::is_same_v<T, bfloat16> ? CUDA_R_16BF
                                                                             : CUDA_R_16F;

/// A matrix of columns: `transposed` says that the product takes its transpose.
struct column_matrix {
  void const* data;
  index_t rows, columns, stride;
  bool transposed;
};

/// What cuBLAS is asked for, without types: result (rows x columns) = scale * left * right, all by columns.
struct column_product {
  index_t rows, columns, depth;
  column_matrix left, right;
  void* result;
  index_t stride;
  double scale;
  bool accumulate;
  cudaDataType_t factor_type, result_type;
  std::size_t result_size; ///< of an element
};

template <class T>
constexpr column_matrix column_factor(matrix_factor<T> const& x, index_t rows, index_t columns) {
  if (x.transposed) return {x.data, rows, columns, x.stride, true};
  return {x.data, columns, rows, x.stride, false};
}
template <class T, class R>
constexpr column_product erased(matrix_product<T, R> const& p) {
  return {.rows = p.columns,
          .columns = p.rows,
          .depth = p.depth,
          .left = column_factor(p.right, p.depth, p.columns),
          .right = column_factor(p.left, p.rows, p.depth),
          .result = p.result,
          .stride = p.result_stride,
          .scale = p.scale,
          .accumulate = p.accumulate,
          .factor_type = cuda_type_of<T>,
          .result_type = cuda_type_of<R>,
          .result_size = sizeof(R)};
}

/// Everything that an algorithm is chosen by.
struct product_kind {
  index_t rows = 0, columns = 0, depth = 0, left_stride = 0, right_stride = 0, stride = 0;
  cudaDataType_t factor_type{}, result_type{};
  bool left_transposed = false, right_transposed = false;
  std::uint32_t left_alignment = 0, right_alignment = 0, alignment = 0;
  bool operator==(product_kind const&) const = default;
};

/// Bytes, at most 256, that an address is a multiple of.
COHORT_HIDDEN inline std::uint32_t alignment_of(void const* p) noexcept {
  auto const address = reinterpret_cast<std::uintptr_t>(p) | std::uintptr_t{cublas_alignment};
  return static_cast<std::uint32_t>(address & (~address + 1));
}
COHORT_HIDDEN inline product_kind kind_of(column_product const& p) noexcept {
  return {p.rows,
          p.columns,
          p.depth,
          p.left.stride,
          p.right.stride,
          p.stride,
          p.factor_type,
          p.result_type,
          p.left.transposed,
          p.right.transposed,
          alignment_of(p.left.data),
          alignment_of(p.right.data),
          alignment_of(p.result)};
}

/// cuBLAS's words for one product, on the host's stack. The first failure is kept.
class product_description {
public:
  cublasLtMatmulDescOpaque_t operation;
  cublasLtMatrixLayoutOpaque_t left, right, result;

  COHORT_HIDDEN product_description(column_product const& p, bool tf32) noexcept {
    bool const wide = p.factor_type == CUDA_R_64F;
    note(cublasLtMatmulDescInit(&operation,
                                wide                                  ? CUBLAS_COMPUTE_64F
                                : tf32 && p.factor_type == CUDA_R_32F ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                                      : CUBLAS_COMPUTE_32F,
                                wide ? CUDA_R_64F : CUDA_R_32F));
    transpose(CUBLASLT_MATMUL_DESC_TRANSA, p.left.transposed);
    transpose(CUBLASLT_MATMUL_DESC_TRANSB, p.right.transposed);
    lay_out(left, p.factor_type, p.left.rows, p.left.columns, p.left.stride);
    lay_out(right, p.factor_type, p.right.rows, p.right.columns, p.right.stride);
    lay_out(result, p.result_type, p.rows, p.columns, p.stride);
  }
  [[nodiscard]] COHORT_HIDDEN cublasStatus_t status() const noexcept { return status_; }

private:
  COHORT_HIDDEN void note(cublasStatus_t x) noexcept {
    if (status_ == CUBLAS_STATUS_SUCCESS) status_ = x;
  }
  COHORT_HIDDEN void transpose(cublasLtMatmulDescAttributes_t which, bool transposed) noexcept {
    cublasOperation_t const x = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    note(cublasLtMatmulDescSetAttribute(&operation, which, &x, sizeof x));
  }
  /// One column may have any stride.
  COHORT_HIDDEN void lay_out(cublasLtMatrixLayoutOpaque_t& x, cudaDataType_t type, index_t rows, index_t columns,
                             index_t stride) noexcept {
    index_t const distance = columns > 1 ? stride : (std::max)(stride, rows);
    note(cublasLtMatrixLayoutInit(&x, type, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns),
                                  distance));
  }

  cublasStatus_t status_ = CUBLAS_STATUS_SUCCESS;
};

/// The caller's handle, memory for intermediate sums, the algorithms of the last kinds of products, and what failed first.
class cublas_multiplier {
public:
  COHORT_HIDDEN cublas_multiplier(cublasLtHandle_t handle, scratch_memory memory, cublas_options options) noexcept
      : handle_(handle), memory_(memory), tf32_(options.tf32) {}

  COHORT_HIDDEN void multiply(cudaStream_t stream, column_product const& p) noexcept {
    if (p.rows < 1 || p.columns < 1 || status_ != CUBLAS_STATUS_SUCCESS) return;
    if (p.depth > 0)
      note(launch(stream, p));
    else if (!p.accumulate)
      note(clear(stream, p));
  }
  [[nodiscard]] COHORT_HIDDEN cublasStatus_t status() const noexcept { return status_; }

private:
  struct choice {
    product_kind kind;
    cublasLtMatmulAlgo_t algorithm;
  };
  static constexpr int kept = 16;

  COHORT_HIDDEN void note(cublasStatus_t x) noexcept {
    if (status_ == CUBLAS_STATUS_SUCCESS) status_ = x;
  }
  COHORT_HIDDEN cublasStatus_t launch(cudaStream_t stream, column_product const& p) noexcept {
    product_description const d(p, tf32_);
    if (d.status() != CUBLAS_STATUS_SUCCESS) return d.status();
    product_kind const kind = kind_of(p);
    choice const* chosen = find(kind);
    if (!chosen) {
      choice& next = choices_[next_];
      cublasStatus_t const failed = choose(kind, d, next);
      if (failed != CUBLAS_STATUS_SUCCESS) return failed;
      next_ = (next_ + 1) % kept, chosen = &next;
    }
    double const wide[] = {p.scale, p.accumulate ? 1.0 : 0.0};
    float const narrow[] = {static_cast<float>(wide[0]), static_cast<float>(wide[1])};
    bool const doubles = p.factor_type == CUDA_R_64F;
    void const* const alpha = doubles ? static_cast<void const*>(wide) : narrow;
    void const* const beta = doubles ? static_cast<void const*>(wide + 1) : narrow + 1;
    return cublasLtMatmul(handle_, writable(d.operation), alpha, p.left.data, writable(d.left), p.right.data,
                          writable(d.right), beta, p.result, writable(d.result), p.result, writable(d.result),
                          &chosen->algorithm, memory_.data, static_cast<std::size_t>(memory_.bytes), stream);
  }
  COHORT_HIDDEN static cublasStatus_t clear(cudaStream_t stream, column_product const& p) noexcept {
    auto const bytes = [&p](index_t n) { return static_cast<std::size_t>(n) * p.result_size; };
    index_t const distance = p.columns > 1 ? p.stride : (std::max)(p.stride, p.rows);
    cudaError_t const done =
        cudaMemset2DAsync(p.result, bytes(distance), 0, bytes(p.rows), static_cast<std::size_t>(p.columns), stream);
    return done == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
  }

  [[nodiscard]] COHORT_HIDDEN choice const* find(product_kind const& kind) const noexcept {
    for (choice const& x : choices_)
      if (x.kind == kind) return &x;
    return nullptr;
  }
  /// The heuristic's first: one that needs no more than the memory and the alignment there is. A depth may be split, with
  /// its parts in memory and added in their order; never in the result itself.
  COHORT_HIDDEN cublasStatus_t choose(product_kind const& kind, product_description const& d, choice& to) noexcept {
    cublasLtMatmulPreferenceOpaque_t wanted;
    cublasStatus_t failed = cublasLtMatmulPreferenceInit(&wanted);
    auto const want = [&](cublasLtMatmulPreferenceAttributes_t which, auto const& x) {
      if (failed == CUBLAS_STATUS_SUCCESS) failed = cublasLtMatmulPreferenceSetAttribute(&wanted, which, &x, sizeof x);
    };
    want(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(memory_.bytes));
    want(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
         static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    want(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, kind.left_alignment);
    want(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, kind.right_alignment);
    want(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, kind.alignment);
    want(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, kind.alignment);
    if (failed != CUBLAS_STATUS_SUCCESS) return failed;
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    failed = cublasLtMatmulAlgoGetHeuristic(handle_, writable(d.operation), writable(d.left), writable(d.right),
                                            writable(d.result), writable(d.result), &wanted, 1, &found, &count);
    if (failed != CUBLAS_STATUS_SUCCESS) return failed;
    if (count < 1) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (found.state == CUBLAS_STATUS_SUCCESS) to = {kind, found.algo};
    return found.state;
  }

  /// cuBLAS takes its descriptions by plain pointers, and only reads them.
  template <class X>
  static X* writable(X const& x) noexcept {
    return const_cast<X*>(&x);
  }

  cublasLtHandle_t handle_;
  scratch_memory memory_;
  bool tf32_;
  choice choices_[kept]{};
  int next_ = 0;
  cublasStatus_t status_ = CUBLAS_STATUS_SUCCESS;
};

} // namespace detail

COHORT_NAMESPACE_END
