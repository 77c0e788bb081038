// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this tensor has another value type than the call
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using number = double;
#else
using number = float;
#endif

void score(cohort::reference_context& context, float const (&logits)[2][3], int const (&token)[2],
           std::vector<number>& log_prob) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
