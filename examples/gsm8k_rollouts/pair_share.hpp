// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// How often a policy prefers the correct one of two completions.
#pragma once

#include "training.hpp"

#include <cstdint>
#include <span>

namespace gsm8k {

/// share = (pairs of one correct and one incorrect completion of one prompt, in which the correct one has the higher
/// mean log-prob per token; a tie counts one half) / pairs. Without a pair everything is NaN.
///
/// low, high: 95 % interval by the bootstrap over prompts (percentiles of 2,000 resamples): the pairs of one prompt
/// share their completions and are not independent, the prompts are.
struct pair_share {
  double share, low, high;
  std::int64_t pairs, prompts; ///< prompts that have a pair
};

pair_share measure_pair_share(policy_model const& model, std::span<scored_prompt const* const> prompts,
                              std::size_t threads);

} // namespace gsm8k
