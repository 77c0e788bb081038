// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/eigen.hpp>

#include <parity/head_body.hpp>

template parity::head_result parity::run_head<cohort::eigen_context, float>(cohort::eigen_context&, head_call const&);
