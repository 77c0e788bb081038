// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <parity/engine.hpp>

#if defined(COHORT_TEST_THRUST)
#include <cohort/backend/thrust.hpp>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif

#include <parity/engine_body.hpp>

namespace {

template <class Policy>
using context = cohort::thrust_context<Policy>;

} // namespace

std::vector<std::unique_ptr<parity::engine>> parity::thrust_engines() {
  namespace t = THRUST_NS_QUALIFIER;
  std::vector<std::unique_ptr<engine>> all;
  using sequential = context<std::remove_cv_t<decltype(t::seq)>>;
  all.push_back(std::make_unique<engine_over<sequential, double>>("thrust_context, sequential, in double"));
#if defined(_OPENMP)
  using openmp = context<std::remove_cv_t<decltype(t::omp::par)>>;
  all.push_back(std::make_unique<engine_over<openmp, float>>("thrust_context, OpenMP, in float"));
#endif
  return all;
}
#else
std::vector<std::unique_ptr<parity::engine>> parity::thrust_engines() { return {}; }
#endif
