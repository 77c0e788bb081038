// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/cublas.cuh>
#include <cohort/backend/thrust.hpp>

#include <cuda/head_update.cuh>

template void head::update_on_each<float>(cohort::cublas_context&, thrust_context&,
                                          cohort::head_log_prob_inputs<float, device_space> const&,
                                          cohort::head_log_prob_outputs<float, device_space> const&,
                                          cohort::head_policy_gradient_inputs<float, device_space> const&,
                                          cohort::head_policy_gradient_outputs<float, device_space> const&);
