// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "call.hpp"

void call(cohort::eigen_context& context, matrix<float const> logits, vector<std::int32_t const> token,
          vector<float> log_prob) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
