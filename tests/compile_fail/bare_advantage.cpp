// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: advantages say what they are: per_sequence.* or per_token
#include <cohort/cohort.hpp>

#include <vector>

void differentiate(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed) {
#if defined(VIOLATE)
  auto const& wrong_or_right = values;
#else
  auto const wrong_or_right = cohort::per_token(values);
#endif
  cohort::policy_loss<float>(
      context,
      {.layout = cohort::padded{2, 3}, .log_prob = values, .old_log_prob = values, .advantage = wrong_or_right},
      {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{}), {.normalizer = cohort::by_tokens(6)});
}
