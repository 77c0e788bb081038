// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The runs of logits_batch.hpp on emulated_block_context.
#include "logits_batch.hpp"

namespace oracle {

COHORT_TEST_RUNS(, cohort::emulated_block_context)

} // namespace oracle
