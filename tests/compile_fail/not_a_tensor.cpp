// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this argument is not a tensor
#include <cohort/cohort.hpp>

#include <list>
#include <vector>

#if defined(VIOLATE)
using input = std::list<float>;
#else
using input = std::vector<float>;
#endif

void score(cohort::reference_context& context, float const (&logits)[2][3], int const (&token)[2], input& log_prob) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
