// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One test on Thrust's systems that run on the host: sequential, OpenMP and TBB as far as there are.
#pragma once

#include <initializer_list>

#include <cohort/backend/thrust.hpp>
#include <cohort/core/index.hpp>
#include <support/catch.hpp>

#if defined(_OPENMP)
#include <omp.h>
#include <thrust/system/omp/execution_policy.h>
#endif
#if defined(COHORT_TEST_TBB)
#include <thrust/system/tbb/execution_policy.h>
#endif

namespace support {

namespace thrust_systems = THRUST_NS_QUALIFIER;

template <class Policy, class F>
void on_thrust_context(Policy policy, F f, cohort::index_t workspace_bytes) {
  cohort::thrust_context context{policy, {.workspace_bytes = workspace_bytes}};
  f(context);
}

#if defined(_OPENMP)
template <class F>
void on_openmp_contexts(std::initializer_list<int> threads, F f, cohort::index_t workspace_bytes) {
  int const before = omp_get_max_threads();
  for (int const count : threads) {
    INFO("on thrust_context, OpenMP with " << count << " threads");
    omp_set_num_threads(count);
    on_thrust_context(thrust_systems::omp::par, f, workspace_bytes);
  }
  omp_set_num_threads(before);
}
#endif

template <class F>
void on_thrust_contexts(F f, cohort::index_t workspace_bytes) {
  {
    INFO("on thrust_context, sequential");
    on_thrust_context(thrust_systems::seq, f, workspace_bytes);
  }
#if defined(COHORT_TEST_TBB)
  {
    INFO("on thrust_context, TBB");
    on_thrust_context(thrust_systems::tbb::par, f, workspace_bytes);
  }
#endif
#if defined(_OPENMP)
  on_openmp_contexts({1, 7}, f, workspace_bytes);
#endif
}

} // namespace support
