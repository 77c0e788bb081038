// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/cublas.cuh>
#include <cohort/backend/thrust.hpp>

#include <cuda/head_update.cuh>

template void head::update_on_each<double>(cohort::cublas_context&, thrust_context&,
                                           cohort::head_log_prob_inputs<double, device_space> const&,
                                           cohort::head_log_prob_outputs<double, device_space> const&,
                                           cohort::head_policy_gradient_inputs<double, device_space> const&,
                                           cohort::head_policy_gradient_outputs<double, device_space> const&);
