// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "call.hpp"

void call(cohort::eigen_context& context, matrix<float const> reward, matrix<std::uint8_t const> step,
          vector<std::int32_t const> group, matrix<float> advantage) {
  cohort::process_advantage<float>(
      context,
      {.layout = cohort::padded{reward.extent[0], reward.extent[1]}, .steps = cohort::dense_steps(reward, step)},
      {.advantage = advantage}, {.groups = cohort::group_ids(group)});
}
