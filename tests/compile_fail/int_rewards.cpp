// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: rewards are float or double
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using number = int;
#else
using number = float;
#endif

void center(cohort::reference_context& context, std::vector<number> const& rewards, std::vector<number>& advantage) {
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{4}});
}
