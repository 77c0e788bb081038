// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: execution_context
#include <cohort/cohort.hpp>

#include <vector>

void center(cohort::reference_context& context, std::vector<float> const& rewards, std::vector<float>& advantage) {
#if defined(VIOLATE)
  auto const& place = context;
#else
  auto& place = context;
#endif
  cohort::group_advantage(place, rewards, advantage, {.groups = cohort::uniform_groups{4}});
}
