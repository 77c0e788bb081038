// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <engines/calls.hpp>
#include <engines/rows.hpp>

COHORT_TEST_WITH_ANY_OBJECTIVE(, policy_loss, double)
