// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <engines/calls.hpp>
#include <engines/rows.hpp>

COHORT_TEST_SCORES(, float, float)
COHORT_TEST_SCORES(, float, double)
COHORT_TEST_SCORES(, float, cohort::half)
COHORT_TEST_SCORES(, float, cohort::bfloat16)
COHORT_TEST_SCORES(, double, float)
COHORT_TEST_SCORES(, double, double)
COHORT_TEST_SCORES(, double, cohort::half)
COHORT_TEST_SCORES(, double, cohort::bfloat16)
