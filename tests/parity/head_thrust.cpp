// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#if defined(COHORT_TEST_THRUST)
#include <cohort/backend/thrust.hpp>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif

#include <parity/head_body.hpp>

namespace {

namespace t = THRUST_NS_QUALIFIER;
using sequential = cohort::thrust_context<std::remove_cv_t<decltype(t::seq)>>;

} // namespace

template parity::head_result parity::run_head<sequential, double>(sequential&, head_call const&);
#if defined(_OPENMP)
namespace {
using openmp = cohort::thrust_context<std::remove_cv_t<decltype(t::omp::par)>>;
}
template parity::head_result parity::run_head<openmp, float>(openmp&, head_call const&);
#endif
#endif
