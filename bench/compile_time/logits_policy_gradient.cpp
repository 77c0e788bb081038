// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "call.hpp"

void call(cohort::eigen_context& context, index_t rows, index_t columns, matrix<float const> logits,
          vector<std::int32_t const> token, vector<float const> old_log_prob, vector<float const> reference,
          vector<float const> advantage, vector<std::uint8_t const> mask, matrix<float> d_logits,
          cohort::logits_sums& report) {
  cohort::logits_policy_gradient<float>(
      context,
      {.layout = cohort::padded{rows, columns},
       .logits = logits,
       .token = token,
       .old_log_prob = old_log_prob,
       .ref_log_prob = reference,
       .advantage = cohort::per_sequence(advantage),
       .mask = mask},
      {.d_logits = d_logits, .report = &report},
      cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.04}),
      {.normalizer = cohort::by_tokens()});
}
