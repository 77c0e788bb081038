// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "call.hpp"

void call(cohort::eigen_context& context, matrix<float const> log_prob, matrix<float const> old_log_prob,
          matrix<float const> reference, vector<float const> advantage, matrix<std::uint8_t const> mask,
          matrix<float> seed, cohort::loss_sums& report) {
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{log_prob.extent[0], log_prob.extent[1]},
                              .log_prob = log_prob,
                              .old_log_prob = old_log_prob,
                              .ref_log_prob = reference,
                              .advantage = cohort::per_sequence(advantage),
                              .mask = mask},
                             {.d_log_prob = seed, .report = &report},
                             cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.04}),
                             {.normalizer = cohort::by_tokens()});
}
