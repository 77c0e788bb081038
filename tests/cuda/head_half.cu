// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/cublas.cuh>
#include <cohort/backend/thrust.hpp>

#include <cuda/head_update.cuh>

template void
head::update_on_each<cohort::half>(cohort::cublas_context&, thrust_context&,
                                   cohort::head_log_prob_inputs<cohort::half, device_space> const&,
                                   cohort::head_log_prob_outputs<cohort::half, device_space> const&,
                                   cohort::head_policy_gradient_inputs<cohort::half, device_space> const&,
                                   cohort::head_policy_gradient_outputs<cohort::half, device_space> const&);
