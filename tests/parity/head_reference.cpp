// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/reference.hpp>

#include <parity/head_body.hpp>

template parity::head_result parity::run_head<cohort::reference_context, double>(cohort::reference_context&,
                                                                                 head_call const&);
