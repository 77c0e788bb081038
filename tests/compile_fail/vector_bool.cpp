// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: std::vector<bool> has no elements in memory
#include <cohort/cohort.hpp>

#include <cstdint>
#include <vector>

#if defined(VIOLATE)
using flags = std::vector<bool>;
#else
using flags = std::vector<std::uint8_t>;
#endif

void score(cohort::reference_context& context, float const (&logits)[2][3], int const (&token)[2], float (&log_prob)[2],
           flags const& mask) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token, .mask = mask}, {.log_prob = log_prob});
}
