// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The versioned inline namespace, and the one of functions whose body depends on the error policy.
///
/// Types and pure functions live in `cohort::v0_1`: two translation units with different flags share them. Functions
/// that fail (by exception, by abort, by the engine's own handler) live one inline namespace deeper, named after the
/// policy, so that both kinds may meet in one program without an ODR violation.
#pragma once

#include <cohort/detail/config.hpp>

#define COHORT_NAMESPACE_BEGIN                                                                                         \
  namespace cohort {                                                                                                   \
  inline namespace v0_1 {
#define COHORT_NAMESPACE_END                                                                                           \
  }                                                                                                                    \
  }

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
  inline namespace COHORT_ERROR_POLICY {
#define COHORT_POLICY_END                                                                                              \
  }                                                                                                                    \
  COHORT_NAMESPACE_END
