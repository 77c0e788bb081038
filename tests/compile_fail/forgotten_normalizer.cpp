// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (invalid initialization|could not convert|cannot convert|normalizer)
/// \file
/// The denominator has no default.
#include <cohort/cohort.hpp>

#include <vector>

void forget(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& seed) {
#if defined(VIOLATE)
#define OPTIONS                                                                                                        \
  {}
#else
#define OPTIONS                                                                                                        \
  { .normalizer = cohort::by_tokens(6) }
#endif
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = values,
                              .old_log_prob = values,
                              .advantage = cohort::per_token(values)},
                             {.d_log_prob = seed}, cohort::objective(cohort::ppo_clip{}), OPTIONS);
}
