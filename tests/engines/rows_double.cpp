// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <engines/calls.hpp>
#include <engines/rows.hpp>

COHORT_TEST_ROWS(, double)
