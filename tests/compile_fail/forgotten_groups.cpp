// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (invalid initialization|could not convert|cannot convert|no matching function|group_layout)
#include <cohort/cohort.hpp>

#include <vector>

void center(cohort::reference_context& context, std::vector<float> const& rewards, std::vector<float>& advantage) {
#if defined(VIOLATE)
  cohort::group_advantage(context, rewards, advantage, {});
#else
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{4}});
#endif
}
