// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this tensor has the wrong number of dimensions
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using output = float[2][1];
#else
using output = float[2];
#endif

void score(cohort::reference_context& context, float const (&logits)[2][3], int const (&token)[2], output& log_prob) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
