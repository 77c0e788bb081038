// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: ids, tokens and offsets are int32 or int64
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using ids = std::vector<unsigned>;
#else
using ids = std::vector<int>;
#endif

void score(cohort::reference_context& context, float const (&logits)[2][3], ids const& token, float (&log_prob)[2]) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
