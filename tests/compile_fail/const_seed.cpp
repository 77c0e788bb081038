// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: an output must be writable, and this tensor is const
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using output = std::vector<float> const;
#else
using output = std::vector<float>;
#endif

void differentiate(cohort::reference_context& context, std::vector<float> const& values, output& seed) {
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = values,
                              .old_log_prob = values,
                              .advantage = cohort::per_token(values)},
                             {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{}),
                             {.normalizer = cohort::by_tokens(6)});
}
