// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/cublas.cuh>
#include <cohort/backend/thrust.hpp>

#include <cuda/head_update.cuh>

template void
head::update_on_each<cohort::bfloat16>(cohort::cublas_context&, thrust_context&,
                                       cohort::head_log_prob_inputs<cohort::bfloat16, device_space> const&,
                                       cohort::head_log_prob_outputs<cohort::bfloat16, device_space> const&,
                                       cohort::head_policy_gradient_inputs<cohort::bfloat16, device_space> const&,
                                       cohort::head_policy_gradient_outputs<cohort::bfloat16, device_space> const&);
