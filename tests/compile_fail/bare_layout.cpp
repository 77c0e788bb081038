// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: a layout is padded.* or packed
#include <cohort/cohort.hpp>

#include <vector>

void differentiate(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed) {
#if defined(VIOLATE)
  auto const& wrong_or_right = values;
#else
  auto const wrong_or_right = cohort::padded{2, 3};
#endif
  cohort::policy_loss<float>(
      context,
      {.layout = wrong_or_right, .log_prob = values, .old_log_prob = values, .advantage = cohort::per_token(values)},
      {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{}), {.normalizer = cohort::by_tokens(6)});
}
