// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/emulated_block.hpp>

#include <parity/engine_body.hpp>

std::unique_ptr<parity::engine> parity::emulated_block_engine() {
  return std::make_unique<engine_over<cohort::emulated_block_context, double>>("emulated_block_context in double");
}
