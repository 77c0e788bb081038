// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: ids, tokens and offsets are int32 or int64
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using id = float;
#else
using id = int;
#endif

void score(cohort::reference_context& context, float const (&logits)[2][3], id const (&token)[2],
           float (&log_prob)[2]) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
