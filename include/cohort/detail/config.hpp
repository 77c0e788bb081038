// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the compiler at hand is, said once. Every macro of the library is prefixed COHORT_.
#pragma once

#if !defined(COHORT_ALLOW_FAST_MATH)
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0)
#error "cohort: -ffast-math breaks NaN, infinity and the order of sums; define COHORT_ALLOW_FAST_MATH to accept that"
#endif
#endif

/// Code that no other shared object may run in the place of its own: never exported. On functions, and not on types: g++
/// warns where a class of the engine's has a member of a hidden type. clang++ forgets it on member templates, and
/// separates code from types for a whole namespace instead.
#if defined(__GNUC__) || defined(__clang__)
#define COHORT_HIDDEN __attribute__((visibility("hidden")))
/// Types that are thrown in one shared object and caught in another, under -fvisibility=hidden too.
#define COHORT_EXPORTED __attribute__((visibility("default")))
#else
#define COHORT_HIDDEN
#define COHORT_EXPORTED
#endif
#if defined(__clang__)
#define COHORT_HIDDEN_CODE __attribute__((visibility("hidden"), type_visibility("default")))
#else
#define COHORT_HIDDEN_CODE
#endif

/// Callable from host and device code where there is a device compiler; hidden everywhere.
#if defined(__CUDACC__) || defined(__HIPCC__)
#define COHORT_HOST_DEVICE COHORT_HIDDEN __host__ __device__
#else
#define COHORT_HOST_DEVICE COHORT_HIDDEN
#endif

/// On lambdas handed to a team: compilers outline them otherwise, and the loop around them loses its registers. Without
/// optimisation there are no registers to lose, and inlining is most of the compiler's time. Define
/// COHORT_NO_FORCED_INLINING where a build is compiled more often than it computes.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(COHORT_NO_FORCED_INLINING) &&                                \
    (defined(__OPTIMIZE__) || defined(__CUDACC__) || defined(__HIPCC__))
#define COHORT_FLAT __attribute__((always_inline))
#define COHORT_INLINE __attribute__((always_inline)) COHORT_HIDDEN inline
#else
#define COHORT_FLAT
#define COHORT_INLINE COHORT_HIDDEN inline
#endif
#if defined(__GNUC__) || defined(__clang__)
#define COHORT_COLD __attribute__((noinline, cold))
#else
#define COHORT_COLD
#endif

/// On what runs once per row, chunk or call, or in rare lanes: code of its own, which its callers share and which compiles
/// faster than they would with it. Not on the device, where a call costs registers.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(__CUDA_ARCH__)
#define COHORT_APART __attribute__((noinline))
#else
#define COHORT_APART
#endif

/// Before a loop of a few steps whose number is known: no loop on the device, where it would keep arrays out of registers.
#if defined(__CUDA_ARCH__)
#define COHORT_UNROLL _Pragma("unroll")
#else
#define COHORT_UNROLL
#endif

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define COHORT_HAS_EXCEPTIONS 1
#else
#define COHORT_HAS_EXCEPTIONS 0
#endif
