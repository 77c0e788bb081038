// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (invalid initialization|could not convert|cannot convert).*policy_loss_inputs
/// \file
/// The ratio has no default: the old log-probs are always said.
#include <cohort/cohort.hpp>

#include <vector>

void forget(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed) {
  cohort::policy_loss<float>(context,
                             {
                               .layout = cohort::padded{2, 3}, .log_prob = values,
#if !defined(VIOLATE)
                               .old_log_prob = values,
#endif
                               .advantage = cohort::per_token(values),
                             },
                             {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{}),
                             {.normalizer = cohort::by_tokens(6)});
}
