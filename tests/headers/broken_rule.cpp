// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Without exceptions a broken rule is one line on stderr and an abort, which becomes an ordinary exit here.
#include <cohort/cohort.hpp>

#include <csignal>
#include <cstdlib>
#include <vector>

int main() {
  std::signal(SIGABRT, [](int) { std::_Exit(3); });
  cohort::reference_context context;
  std::vector<float> const log_prob(6, -1.0F);
  std::vector<float> const advantage(6, 1.0F);
  std::vector<float> too_short(5);
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = log_prob,
                              .old_log_prob = log_prob,
                              .advantage = cohort::per_token(advantage)},
                             {.d_log_prob = too_short}, cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.2}),
                             {.normalizer = cohort::by_tokens(6)});
}
