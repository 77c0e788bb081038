// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// cublas_context in memory of the caller's and beside a context that owns its own: it compiles.
#include <cohort/backend/cublas.cuh>

namespace {

using owning_context = cohort::basic_cublas_context<cohort::basic_cuda_context<cohort::stream_ordered_memory>>;

static_assert(cohort::execution_context<cohort::cublas_context> && cohort::execution_context<owning_context>);
static_assert(cohort::multiplying_context<owning_context, cohort::bfloat16, float>);
static_assert(!cohort::multiplying_context<cohort::cuda_context, float>);

} // namespace

cublasStatus_t multiply(cohort::cublas_context& context, cohort::matrix_product<float> const& singles,
                        cohort::matrix_product<double> const& doubles,
                        cohort::matrix_product<cohort::half> const& halves,
                        cohort::matrix_product<cohort::bfloat16, float> const& sums) {
  context.multiply(singles);
  context.multiply(doubles);
  context.multiply(halves);
  context.multiply(sums);
  return context.multiply_status();
}

double beside_an_owner(cublasLtHandle_t handle, cudaStream_t stream, cohort::scratch_memory products,
                       double const* value) {
  cohort::basic_cuda_context<cohort::stream_ordered_memory> base{stream, {}, {.workspace_bytes = 1 << 20}};
  cohort::basic_cublas_context context{handle, products, std::move(base), {.tf32 = true}};
  static_assert(std::same_as<decltype(context), owning_context>);
  context.multiply(cohort::matrix_product<float>{});
  context.reserve(1 << 21);
  return context.fetch(value);
}
