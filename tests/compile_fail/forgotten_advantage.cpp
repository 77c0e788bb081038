// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (invalid initialization|could not convert|cannot convert).*policy_loss_inputs
/// \file
/// A required argument that is forgotten does not compile.
#include <cohort/cohort.hpp>

#include <vector>

void forget(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed) {
  cohort::policy_loss<float>(context,
                             {
                               .layout = cohort::padded{2, 3}, .log_prob = values, .old_log_prob = values,
#if !defined(VIOLATE)
                               .advantage = cohort::per_token(values),
#endif
                             },
                             {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.2}),
                             {.normalizer = cohort::by_tokens(6)});
}
