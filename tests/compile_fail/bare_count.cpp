// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (cohort: |conversion|convert)
/// \file
/// A denominator says what it counts.
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
cohort::policy_loss_options const options{.normalizer = 6};
#else
cohort::policy_loss_options const options{.normalizer = cohort::by_tokens(6)};
#endif
