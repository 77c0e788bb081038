// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The runs of logits_batch.hpp on reference_context.
#include "logits_batch.hpp"

namespace oracle {

COHORT_TEST_RUNS(, cohort::reference_context)

} // namespace oracle
