// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: groups are uniform_groups.*, group_offsets.* or group_ids
#include <cohort/cohort.hpp>

#include <vector>

void center(cohort::reference_context& context, std::vector<float> const& rewards, std::vector<float>& advantage,
            std::vector<int> const& ids) {
#if defined(VIOLATE)
  cohort::group_advantage(context, rewards, advantage, {.groups = ids});
#else
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::group_ids(ids)});
#endif
}
