// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (invalid initialization|could not convert|cannot convert|no known conversion|cannot initialize).*policy_loss_outputs|(cannot initialize|no known conversion).*loss_sums
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using sums = cohort::group_sums;
#else
using sums = cohort::loss_sums;
#endif

void differentiate(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed,
                   sums& report) {
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = values,
                              .old_log_prob = values,
                              .advantage = cohort::per_token(values)},
                             {.d_log_prob = seed, .report = &report}, cohort::objective(cohort::ppo_clip{}),
                             {.normalizer = cohort::by_tokens(6)});
}
