// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: hidden states and weights are float, double, half or bfloat16
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using number = int;
#else
using number = cohort::half;
#endif

void score(cohort::reference_context& context, number const (&hidden)[2][3], number const (&weights)[5][3],
           int const (&token)[2], float (&log_prob)[2]) {
  cohort::head_log_prob<number>(context, {.hidden = hidden, .weights = weights, .token = token},
                                {.log_prob = log_prob});
}
