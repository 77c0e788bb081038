// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/backend/eigen.hpp>

#include <parity/engine_body.hpp>

std::unique_ptr<parity::engine> parity::eigen_float_engine() {
  return std::make_unique<engine_over<cohort::eigen_context, float>>("eigen_context in float");
}
