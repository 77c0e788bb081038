// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: ids, tokens and offsets are int32 or int64
#include <cohort/cohort.hpp>

#include <vector>

void differentiate(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed) {
#if defined(VIOLATE)
  auto const wrong_or_right = cohort::packed(values);
#else
  std::vector<int> const offsets{0, 3, 6};
  auto const wrong_or_right = cohort::packed(offsets);
#endif
  cohort::policy_loss<float>(
      context,
      {.layout = wrong_or_right, .log_prob = values, .old_log_prob = values, .advantage = cohort::per_token(values)},
      {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{}), {.normalizer = cohort::by_tokens(6)});
}
