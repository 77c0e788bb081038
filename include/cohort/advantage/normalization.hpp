// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The conventions in which systems differ, as options: what is subtracted, what divides, where epsilon stands, what a
/// group of one is, what happens to a reward that is not finite.
#pragma once

#include <cohort/core/lane.hpp>
#include <cohort/detail/shape.hpp>

COHORT_NAMESPACE_BEGIN

/// What is subtracted: the group's mean, or the mean of the other samples (RLOO: n / (n - 1) * (reward - mean)).
enum class baseline : int { mean, leave_one_out };

/// What divides: nothing (Dr. GRPO), the group's standard deviation (GRPO), or that of all rewards of the call.
enum class scale : int { none, group_std, batch_std };

/// 1 / (std + epsilon), 1 / sqrt(variance + epsilon), or 1 / max(std, epsilon).
enum class epsilon_place : int { added, inside_root, floor };

/// A group with one usable reward: advantage 0, the reward itself with baseline 0 and standard deviation 1 (verl), or
/// an error.
enum class singleton : int { zero, reward, refuse };

/// A reward that is NaN or infinite: an error, or left out of every statistic with advantage 0 (TRL: unscorable).
enum class non_finite : int { refuse, exclude };

namespace detail {

/// 1 / deviation by the place of epsilon; 0 where the deviation is 0 and epsilon too.
template <class U>
COHORT_HOST_DEVICE COHORT_INLINE U inverse_deviation(U deviation, double epsilon, epsilon_place place) {
  bool const inside = place == epsilon_place::inside_root && epsilon > 0;
  U const added = deviation + U(epsilon), least = lane_max(deviation, U(epsilon));
  U const divisor = inside ? lane_sqrt(lane_multiply(deviation, deviation) + U(epsilon))
                           : (place == epsilon_place::floor ? least : added);
  return lane_select(U(0) < divisor, U(1) / divisor, U(0));
}

constexpr status check_deviation(checker const& check, int ddof, double epsilon) {
  return first_broken(
      {check.parameter(ddof == 0 || ddof == 1, "ddof", "it is 0 or 1", ddof),
       check.parameter(epsilon >= 0 && epsilon < infinity, "epsilon", "it is finite and not negative", epsilon)});
}

} // namespace detail

COHORT_NAMESPACE_END
