// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this tensor has another value type than the call
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using number = cohort::bfloat16;
#else
using number = float;
#endif

void differentiate(cohort::reference_context& context, cohort::bfloat16 const (&hidden)[2][3],
                   cohort::bfloat16 const (&weights)[5][3], int const (&token)[2], float const (&log_prob)[2],
                   cohort::bfloat16 (&d_hidden)[2][3], number (&d_weights)[5][3]) {
  cohort::head_policy_gradient<cohort::bfloat16>(context,
                                                 {.layout = cohort::padded{1, 2},
                                                  .hidden = hidden,
                                                  .weights = weights,
                                                  .token = token,
                                                  .old_log_prob = log_prob,
                                                  .advantage = cohort::per_token(log_prob)},
                                                 {.d_hidden = d_hidden, .d_weights = d_weights},
                                                 cohort::objective(cohort::ppo_clip{}),
                                                 {.normalizer = cohort::by_tokens(2)});
}
