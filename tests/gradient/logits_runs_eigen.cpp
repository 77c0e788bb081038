// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The runs of logits_batch.hpp on eigen_context.
#include "logits_batch.hpp"

namespace oracle {

COHORT_TEST_RUNS(, cohort::eigen_context)

} // namespace oracle
