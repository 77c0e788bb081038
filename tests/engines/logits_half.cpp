// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <engines/calls.hpp>
#include <engines/rows.hpp>

COHORT_TEST_LOGITS(, cohort::half)
COHORT_TEST_HEADS(, cohort::half)
COHORT_TEST_WITH_OBJECTIVE(, head_policy_gradient, cohort::half, any_objective_of<1>)
