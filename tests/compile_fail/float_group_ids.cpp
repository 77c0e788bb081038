// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: ids, tokens and offsets are int32 or int64
#include <cohort/cohort.hpp>

#include <vector>

void center(cohort::reference_context& context, std::vector<float> const& rewards, std::vector<float>& advantage) {
#if defined(VIOLATE)
  using numbers = std::vector<float>;
#else
  using numbers = std::vector<int>;
#endif
  numbers const ids(rewards.size());
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::group_ids(ids)});
}
