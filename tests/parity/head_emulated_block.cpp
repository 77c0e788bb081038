// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/emulated_block.hpp>

#include <parity/head_body.hpp>

template parity::head_result parity::run_head<cohort::emulated_block_context, double>(cohort::emulated_block_context&,
                                                                                      head_call const&);
