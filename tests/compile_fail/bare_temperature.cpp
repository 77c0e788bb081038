// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: token_log_prob_options
#include <cohort/cohort.hpp>

void score(cohort::reference_context& context, float const (&logits)[2][3], int const (&token)[2],
           float (&log_prob)[2]) {
#if defined(VIOLATE)
  double const options = 0.7;
#else
  cohort::token_log_prob_options const options{.temperature = 0.7};
#endif
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob}, options);
}
