// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: a mask is bool, uint8, int32, int64 or of the call's value type
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using flags = std::vector<double>;
#else
using flags = std::vector<float>;
#endif

void score(cohort::reference_context& context, float const (&logits)[2][3], int const (&token)[2], float (&log_prob)[2],
           flags const& mask) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token, .mask = mask}, {.log_prob = log_prob});
}
