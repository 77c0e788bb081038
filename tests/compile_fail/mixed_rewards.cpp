// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this tensor has another value type than the call
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using number = double;
#else
using number = float;
#endif

void center(cohort::reference_context& context, std::vector<float> const& rewards, std::vector<number>& advantage) {
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{4}});
}
