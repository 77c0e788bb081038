// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (invalid initialization|could not convert|cannot convert|no matching function|token_layout)
#include <cohort/cohort.hpp>

#include <vector>

void forget(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed) {
  cohort::policy_loss<float>(context,
                             {
#if !defined(VIOLATE)
                               .layout = cohort::padded{2, 3},
#endif
                               .log_prob = values, .old_log_prob = values, .advantage = cohort::per_token(values)
                             },
                             {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{}),
                             {.normalizer = cohort::by_tokens(6)});
}
