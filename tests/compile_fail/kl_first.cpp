// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: the first argument of objective is a surrogate_formula
#include <cohort/cohort.hpp>

#include <vector>

void differentiate(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed) {
#if defined(VIOLATE)
  auto const wrong_or_right = cohort::objective(cohort::k3{.beta = 0.1}, cohort::ppo_clip{});
#else
  auto const wrong_or_right = cohort::objective(cohort::ppo_clip{}, cohort::k3{.beta = 0.1});
#endif
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = values,
                              .old_log_prob = values,
                              .advantage = cohort::per_token(values)},
                             {.d_log_prob = seed}, wrong_or_right, {.normalizer = cohort::by_tokens(6)});
}
