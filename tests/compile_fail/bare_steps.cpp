// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: steps are step_list.* or dense_steps
#include <cohort/cohort.hpp>

#include <vector>

void spread(cohort::reference_context& context, std::vector<float> const& reward, std::vector<float>& advantage) {
#if defined(VIOLATE)
  auto const& steps = reward;
#else
  auto const steps = cohort::dense_steps(reward);
#endif
  cohort::process_advantage<float>(context, {.layout = cohort::padded{2, 3}, .steps = steps}, {.advantage = advantage},
                                   {.groups = cohort::uniform_groups{2}});
}
