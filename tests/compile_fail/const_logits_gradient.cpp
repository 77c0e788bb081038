// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: an output must be writable, and this tensor is const
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using gradient = float const[2][3];
#else
using gradient = float[2][3];
#endif

void differentiate(cohort::reference_context& context, float const (&logits)[2][3], int const (&token)[2],
                   float const (&seed)[2], gradient& d_logits) {
  cohort::token_log_prob_backward<float>(context, {.logits = logits, .token = token, .d_log_prob = seed},
                                         {.d_logits = d_logits});
}
