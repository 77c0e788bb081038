// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/eigen.hpp>

#include <parity/engine_body.hpp>

std::unique_ptr<parity::engine> parity::eigen_engine() {
  return std::make_unique<engine_over<cohort::eigen_context, double>>("eigen_context in double");
}
