// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What group statistics and advantages report of the groups.
#pragma once

#include <cohort/core/accumulator.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Sums over the groups of one call. `merge(a, b)` adds batches.
template <class V>
struct basic_group_sums {
  V groups = V(0);                ///< with at least one sample
  V zero_variance = V(0);         ///< two or more usable rewards, all equal
  V singletons = V(0);            ///< one usable reward
  V samples = V(0);               ///< usable rewards
  V excluded = V(0);              ///< rewards that are not finite
  V refused = V(0);               ///< those among them that the call's policy did not allow for
  V first_excluded = V(infinity); ///< the first of them, in the order of the samples
  V reward = V(0);                ///< sum of the usable rewards
  V reward_std = V(0);            ///< sum of the groups' standard deviations

  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    constexpr sum_rule sum{};
    return basic_group_sums<field_t<F, sum_rule, decltype(s.groups)...>>{f(sum, s.groups...),
                                                                         f(sum, s.zero_variance...),
                                                                         f(sum, s.singletons...),
                                                                         f(sum, s.samples...),
                                                                         f(sum, s.excluded...),
                                                                         f(sum, s.refused...),
                                                                         f(minimum_rule{}, s.first_excluded...),
                                                                         f(sum, s.reward...),
                                                                         f(sum, s.reward_std...)};
  }
};
using group_sums = basic_group_sums<double>;

struct group_report {
  index_t groups = 0;
  index_t zero_variance = 0;
  index_t singletons = 0;
  index_t samples = 0;
  index_t excluded = 0;
  index_t first_excluded = -1;
  double fraction_zero_variance = 0; ///< of the groups (TRL: frac_reward_zero_std)
  double reward = 0;                 ///< mean over the usable samples (TRL: reward)
  double reward_std = 0;             ///< mean over the groups (TRL: reward_std)
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

[[nodiscard]] inline group_report report_of(group_sums const& s) {
  group_report r{.groups = static_cast<index_t>(s.groups),
                 .zero_variance = static_cast<index_t>(s.zero_variance),
                 .singletons = static_cast<index_t>(s.singletons),
                 .samples = static_cast<index_t>(s.samples),
                 .excluded = static_cast<index_t>(s.excluded)};
  if (s.excluded > 0) r.first_excluded = static_cast<index_t>(s.first_excluded);
  if (s.groups > 0) r.fraction_zero_variance = s.zero_variance / s.groups, r.reward_std = s.reward_std / s.groups;
  if (s.samples > 0) r.reward = s.reward / s.samples;
  return r;
}

[[nodiscard]] inline status check_data(group_sums const& s) noexcept {
  return detail::left_out("group report", "rewards that are not finite were excluded", s.refused, s.first_excluded);
}

COHORT_NAMESPACE_END
