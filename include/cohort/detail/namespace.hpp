// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The inline namespaces, by which translation units with different flags meet in one program without an ODR violation.
///
///   cohort::v0_1                          the version: types that every object shares (status, exceptions, reports)
///   cohort::v0_1::<target>                the instruction set: everything else, because all of it is code
///   cohort::v0_1::<target>::<policy>      what becomes of an error: functions that fail, never exported
///
/// A linker keeps one of two inline functions of one name, whatever flags they were compiled with: without the target
/// in the name a program for the baseline would run AVX-512 code, or packs of 16 lanes over tiles of 4.
#pragma once

#include <cohort/detail/config.hpp>

/// What the compiler may use, as far as code here or in Eigen differs by it. An engine may name its own: two objects
/// with one name share their code, whatever their flags.
#if !defined(COHORT_TARGET)
#if defined(COHORT_ALLOW_FAST_MATH)
#define COHORT_TARGET target_fast_math
#elif defined(EIGEN_DONT_VECTORIZE)
#define COHORT_TARGET target_unvectorized
#elif defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define COHORT_TARGET target_avx512
#elif defined(__AVX512F__)
#define COHORT_TARGET target_avx512f
#elif defined(__AVX2__) && defined(__FMA__)
#define COHORT_TARGET target_avx2_fma
#elif defined(__AVX2__)
#define COHORT_TARGET target_avx2
#elif defined(__AVX__) && defined(__FMA__)
#define COHORT_TARGET target_avx_fma
#elif defined(__AVX__)
#define COHORT_TARGET target_avx
#elif defined(__SSE4_1__)
#define COHORT_TARGET target_sse4
#elif defined(__SSE3__)
#define COHORT_TARGET target_sse3
#elif defined(__ARM_FEATURE_SVE)
#define COHORT_TARGET target_sve
#else
#define COHORT_TARGET target_baseline
#endif
#endif

#define COHORT_SHARED_BEGIN                                                                                            \
  namespace cohort {                                                                                                   \
  inline namespace v0_1 {
#define COHORT_SHARED_END                                                                                              \
  }                                                                                                                    \
  }

#define COHORT_NAMESPACE_BEGIN                                                                                         \
  COHORT_SHARED_BEGIN                                                                                                  \
  inline namespace COHORT_TARGET COHORT_HIDDEN_CODE {
#define COHORT_NAMESPACE_END                                                                                           \
  }                                                                                                                    \
  COHORT_SHARED_END

/// An engine that defines COHORT_ON_CONTRACT_FAILURE(status) may name its policy by COHORT_ERROR_POLICY.
#if !defined(COHORT_ERROR_POLICY)
#if defined(COHORT_ON_CONTRACT_FAILURE)
#define COHORT_ERROR_POLICY errors_are_handled
#elif COHORT_HAS_EXCEPTIONS
#define COHORT_ERROR_POLICY errors_throw
#else
#define COHORT_ERROR_POLICY errors_abort
#endif
#endif

#define COHORT_POLICY_BEGIN                                                                                            \
  COHORT_NAMESPACE_BEGIN                                                                                               \
  inline namespace COHORT_ERROR_POLICY COHORT_HIDDEN {
#define COHORT_POLICY_END                                                                                              \
  }                                                                                                                    \
  COHORT_NAMESPACE_END
