// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The head tier on the contexts of a device that multiply: it compiles, with all warnings as errors. A file for every
/// type, because each makes dozens of kernels.
#pragma once

#include <thrust/execution_policy.h>
#include <thrust/system/cuda/execution_policy.h>

#include <cohort/backend/cublas.cuh>
#include <cohort/backend/thrust.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/gradient/head_log_prob.hpp>
#include <cohort/gradient/head_policy_gradient.hpp>

namespace head {

using cohort::device_space;
using on_stream = decltype(THRUST_NS_QUALIFIER::cuda::par_nosync.on(cudaStream_t{}));
using thrust_context = cohort::thrust_context<on_stream>;

/// Log-probs and one update; with compaction::none a CUDA graph may capture both.
template <class L, class Context>
void update(Context& context, cohort::head_log_prob_inputs<L, device_space> const& scored,
            cohort::head_log_prob_outputs<L, device_space> const& scores,
            cohort::head_policy_gradient_inputs<L, device_space> const& in,
            cohort::head_policy_gradient_outputs<L, device_space> const& out, cohort::compaction compaction) {
  cohort::head_log_prob<L>(context, scored, scores, {.compaction = compaction});
  cohort::head_policy_gradient<L>(context, in, out, cohort::objective(cohort::ppo_clip{}),
                                  {.normalizer = cohort::by_tokens(), .compaction = compaction});
}

/// The same on both.
template <class L>
void update_on_each(cohort::cublas_context& fast, thrust_context& portable,
                    cohort::head_log_prob_inputs<L, device_space> const& scored,
                    cohort::head_log_prob_outputs<L, device_space> const& scores,
                    cohort::head_policy_gradient_inputs<L, device_space> const& in,
                    cohort::head_policy_gradient_outputs<L, device_space> const& out) {
  update<L>(fast, scored, scores, in, out, cohort::compaction::none);
  update<L>(portable, scored, scores, in, out, cohort::compaction::live_rows);
}

} // namespace head
