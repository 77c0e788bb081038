// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The contexts of Thrust's systems that run on the host, as far as they are there; `absent` stands for the others.
#pragma once

#include <type_traits>

#if defined(COHORT_TEST_THRUST)
#include <cohort/backend/thrust.hpp>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif
#if defined(COHORT_TEST_TBB)
#include <thrust/system/tbb/execution_policy.h>
#endif
#endif

namespace engines {

template <int>
struct absent {};
template <class Context>
inline constexpr bool is_absent = false;
template <int Which>
inline constexpr bool is_absent<absent<Which>> = true;

#if defined(COHORT_TEST_THRUST)
template <class Policy>
using on_thrust = cohort::thrust_context<std::remove_cvref_t<Policy>>;
using thrust_sequential_context = on_thrust<decltype(THRUST_NS_QUALIFIER::seq)>;
#else
using thrust_sequential_context = absent<0>;
#endif
#if defined(COHORT_TEST_THRUST) && defined(_OPENMP)
using thrust_openmp_context = on_thrust<decltype(THRUST_NS_QUALIFIER::omp::par)>;
#else
using thrust_openmp_context = absent<1>;
#endif
#if defined(COHORT_TEST_THRUST) && defined(COHORT_TEST_TBB)
using thrust_tbb_context = on_thrust<decltype(THRUST_NS_QUALIFIER::tbb::par)>;
#else
using thrust_tbb_context = absent<2>;
#endif

} // namespace engines
