// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#define COHORT_VERSION_MAJOR 0
#define COHORT_VERSION_MINOR 1
#define COHORT_VERSION_PATCH 0
/// The version as one number: 10000 * major + 100 * minor + patch.
#define COHORT_VERSION (10000 * COHORT_VERSION_MAJOR + 100 * COHORT_VERSION_MINOR + COHORT_VERSION_PATCH)
