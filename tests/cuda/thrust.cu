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

// [stream]
/// One step on the caller's stream; the context was made once: thrust_context context{thrust::cuda::par_nosync.on(stream)};
template <class Context>
cohort::loss_report step(Context& context, thrust::device_vector<int> const& prompt,
                         thrust::device_vector<float> const& reward, thrust::device_vector<float> const& log_prob,
                         thrust::device_vector<float>& advantage, thrust::device_vector<float>& seed,
                         thrust::device_ptr<cohort::loss_sums> report) {
  cohort::index_t const rows = cohort::index_t(reward.size()), columns = cohort::index_t(log_prob.size()) / rows;
  cohort::group_advantage(context, reward, advantage, {.groups = cohort::group_ids{prompt}});
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{rows, columns},
                              .log_prob = log_prob,
                              .old_log_prob = log_prob,
                              .ref_log_prob = log_prob,
                              .advantage = cohort::per_sequence(advantage)},
                             {.d_log_prob = seed, .report = report.get()},
                             cohort::objective(cohort::ppo_clip{}, cohort::k3{.beta = 0.04}),
                             {.normalizer = cohort::by_tokens()});
  return cohort::read(context, report.get()); // waits for the stream
}
// [end]

template cohort::loss_report step(device_context&, t::device_vector<int> const&, t::device_vector<float> const&,
                                  t::device_vector<float> const&, t::device_vector<float>&, t::device_vector<float>&,
                                  t::device_ptr<cohort::loss_sums>);

void log_prob_of(device_context& context, t::device_ptr<float const> logits, t::device_vector<int> const& token,
                 t::device_vector<float>& out) {
  cohort::token_log_prob<float>(context, {.logits = cohort::tensor_at(logits, 2, 8), .token = token},
                                {.log_prob = out});
}

void own_allocator(cudaStream_t stream) {
  cohort::matrix_product<double> const product{};
  using resource = t::universal_memory_resource;
  using allocator = t::mr::allocator<std::byte, resource>;
  resource memory;
  auto const policy = t::cuda::par_nosync.on(stream);
  cohort::thrust_context deduced{policy, {.workspace_bytes = 1 << 20}};
  static_assert(std::same_as<decltype(deduced), device_context>);
  cohort::thrust_context<on_stream, cohort::managed_space, allocator> managed{policy, {}, allocator(&memory)};
  managed.multiply(product);
  managed.reserve(1 << 20);
}
