// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "call.hpp"

void call(cohort::eigen_context& context, vector<float const> reward, vector<float> advantage) {
  cohort::group_advantage<float>(context, reward, {.advantage = advantage}, {.groups = cohort::uniform_groups{8}});
}
