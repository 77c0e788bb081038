// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Several rewards of one completion as one.
#pragma once

#include <cohort/detail/namespace.hpp>

#include <cmath>
#include <initializer_list>
#include <span>

COHORT_NAMESPACE_BEGIN

struct weighted_reward {
  double reward; ///< NaN: the rule cannot score this completion
  double weight = 1.0;
};

/// sum over the scorable parts of weight * reward, in order; NaN if no part is scorable, the empty list included.
///
/// A part that is NaN is left out and the other weights stay as they are (TRL's nansum). A weight of NaN gives NaN.
inline double weighted_sum(std::span<weighted_reward const> const parts) noexcept {
  double sum = 0.0;
  bool scorable = false;
  for (weighted_reward const& part : parts) {
    if (std::isnan(part.reward)) continue;
    sum += part.weight * part.reward;
    scorable = true;
  }
  return scorable ? sum : std::nan("");
}

inline double weighted_sum(std::initializer_list<weighted_reward> const parts) noexcept {
  return weighted_sum(std::span<weighted_reward const>(parts.begin(), parts.size()));
}

COHORT_NAMESPACE_END
