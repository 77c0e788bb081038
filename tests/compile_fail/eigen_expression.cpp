// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this argument is not a tensor.*evaluate the expression first
#include <Eigen/Core>

#include <cohort/cohort.hpp>
#include <cohort/interop/eigen.hpp>

void read_from(Eigen::VectorXf const& rewards) {
#if defined(VIOLATE)
  auto const shifted = rewards * 2;
#else
  Eigen::VectorXf const shifted = rewards * 2;
#endif
  [[maybe_unused]] cohort::view<float const, 1, cohort::host_space> const view = shifted;
}
