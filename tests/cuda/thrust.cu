// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls on thrust_context with CUDA's policies compile, with all warnings as errors.
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/mr/allocator.h>
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/universal_vector.h>

#include <cohort/advantage/group_advantage.hpp>
#include <cohort/backend/thrust.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/gradient/token_log_prob.hpp>
#include <cohort/interop/thrust.hpp>
#include <cohort/objective/policy_loss.hpp>

namespace {

namespace t = THRUST_NS_QUALIFIER;

using on_stream = decltype(t::cuda::par_nosync.on(cudaStream_t{}));
using device_context = cohort::thrust_context<on_stream>;
using managed_context = cohort::thrust_context<on_stream, cohort::managed_space>;
using waiting_context = cohort::thrust_context<std::remove_cv_t<decltype(t::cuda::par)>>;
using default_context = cohort::thrust_context<std::remove_cv_t<decltype(t::device)>>;

static_assert(cohort::execution_context<device_context> && cohort::execution_context<managed_context>);
static_assert(cohort::execution_context<waiting_context> && cohort::execution_context<default_context>);
static_assert(std::same_as<device_context::memory_space, cohort::device_space>);
static_assert(std::same_as<default_context::memory_space, cohort::device_space>);
static_assert(cohort::multiplying_context<device_context, float>);

template <class X>
using space = typename cohort::traits_of<X>::memory_space;

static_assert(std::same_as<space<t::device_vector<float>>, cohort::device_space>);
static_assert(std::same_as<space<t::universal_vector<float>>, cohort::managed_space>);
static_assert(std::same_as<space<t::host_vector<float>>, cohort::host_space>);
static_assert(cohort::tensor_in<t::universal_vector<float>, cohort::device_space>);

} // namespace

cohort::loss_report every_call(cudaStream_t stream, t::device_vector<float>& x, t::device_vector<int> const& ids) {
  cohort::thrust_context context{t::cuda::par_nosync.on(stream), {.workspace_bytes = 1 << 20}};
  static_assert(std::same_as<decltype(context), device_context>);
  cohort::group_advantage(context, x, x, {.groups = cohort::group_ids{ids}});
  cohort::token_log_prob<float>(context, {.logits = cohort::tensor_at(x.data(), 2, 8), .token = ids}, {.log_prob = x});
  t::device_vector<cohort::loss_sums> sums(1);
  auto* const report = t::raw_pointer_cast(sums.data());
  cohort::policy_loss<float>(
      context, {.layout = cohort::padded{2, 2}, .log_prob = x, .old_log_prob = x, .advantage = cohort::per_sequence(x)},
      {.d_log_prob = x, .report = report}, cohort::objective(cohort::ppo_clip{}, cohort::k3{.beta = 0.04}),
      {.normalizer = cohort::by_tokens()});
  return cohort::read(context, report);
}

void own_allocator(cudaStream_t stream) {
  cohort::matrix_product<double> const product{};
  using resource = t::universal_memory_resource;
  using allocator = t::mr::allocator<std::byte, resource>;
  resource memory;
  auto const policy = t::cuda::par_nosync.on(stream);
  cohort::thrust_context<on_stream, cohort::managed_space, allocator> managed{policy, {}, allocator(&memory)};
  managed.multiply(product);
  managed.reserve(1 << 20);
}
