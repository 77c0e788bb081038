// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: logits are float, double, half or bfloat16
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using number = int;
#else
using number = float;
#endif

void score(cohort::reference_context& context, number const (&logits)[2][3], int const (&token)[2],
           float (&log_prob)[2]) {
  cohort::token_log_prob<number>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
