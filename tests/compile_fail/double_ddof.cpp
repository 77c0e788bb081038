// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: narrowing|cannot be narrowed
#include <cohort/cohort.hpp>

#include <vector>

void center(cohort::reference_context& context, std::vector<float> const& rewards, std::vector<float>& advantage) {
#if defined(VIOLATE)
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{4}, .ddof = 0.5});
#else
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{4}, .ddof = 0});
#endif
}
