// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: a mask is bool, uint8, int32, int64 or of the call.s value type
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using flags = std::vector<float>;
#else
using flags = std::vector<double>;
#endif

void differentiate(cohort::reference_context& context, std::vector<double> const& values, std::vector<double>& seed,
                   flags const& mask) {
  cohort::policy_loss<double>(context,
                              {.layout = cohort::padded{2, 3},
                               .log_prob = values,
                               .old_log_prob = values,
                               .advantage = cohort::per_token(values),
                               .mask = mask},
                              {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{}),
                              {.normalizer = cohort::by_tokens(6)});
}
