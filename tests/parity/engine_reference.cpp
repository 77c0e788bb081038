// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/reference.hpp>

#include <parity/engine_body.hpp>

std::unique_ptr<parity::engine> parity::reference_engine() {
  return std::make_unique<engine_over<cohort::reference_context, double>>("reference_context in double");
}
