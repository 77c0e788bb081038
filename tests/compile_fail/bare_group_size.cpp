// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: groups are uniform_groups.*, group_offsets.* or group_ids
#include <cohort/cohort.hpp>

#include <vector>

void center(cohort::reference_context& context, std::vector<float> const& rewards, std::vector<float>& advantage) {
#if defined(VIOLATE)
  cohort::group_advantage(context, rewards, advantage, {.groups = 4});
#else
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{4}});
#endif
}
