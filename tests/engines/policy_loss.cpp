// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <engines/calls.hpp>
#include <engines/rows.hpp>

COHORT_TEST_POLICY_LOSS(, float)
COHORT_TEST_POLICY_LOSS(, double)
COHORT_TEST_OTHER_POLICY_LOSS()
