// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two prompts with four completions each, rewarded: advantages, loss, and the gradient to hand to a backward pass.
#include <cohort/cohort.hpp>

#include <cohort/backend/eigen.hpp>
#include <cohort/interop/eigen.hpp>
#include <cstdio>

using tokens = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

int main() {
  cohort::eigen_context context{{.threads = 2, .workspace_bytes = 1 << 20}};
  Eigen::ArrayXf rewards(8), advantage(8);
  rewards << 1, 0, 0, 1, 0, 0, 0, 0; // the second prompt teaches nothing: its rewards are equal
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{4}});

  cohort::index_t const rows = 8, columns = 16;
  tokens const old_log_prob = tokens::Constant(rows, columns, -1.5F), log_prob = old_log_prob + 0.1F;
  tokens const ref_log_prob = log_prob - 0.2F, mask = tokens::Ones(rows, columns);
  tokens seed(rows, columns); // d loss / d log_prob
  cohort::loss_sums sums;
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{rows, columns},
                              .log_prob = log_prob,
                              .old_log_prob = old_log_prob,
                              .ref_log_prob = ref_log_prob,
                              .advantage = cohort::per_sequence(advantage),
                              .mask = mask},
                             {.d_log_prob = seed, .report = &sums},
                             cohort::objective(cohort::ppo_clip{.high = 0.28}, cohort::k3{.beta = 0.04}),
                             {.normalizer = cohort::by_tokens(rows * columns)});
  auto const seen = cohort::read(context, &sums);
  std::printf("loss %.6f  kl %.6f  ratio %.4f  tokens %d\n", seen.loss, seen.kl, seen.ratio_mean, int(seen.tokens));
  return seen.tokens == 128 && advantage(0) > 0.86F && advantage(4) == 0 && seed(0, 0) < 0 && seed(4, 0) > 0 ? 0 : 1;
}
