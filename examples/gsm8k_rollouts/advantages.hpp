// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// From scored rollouts to advantages: one group per prompt.
#pragma once

#include "rewards.hpp"

#include <cohort/cohort.hpp>
#include <cstdint>
#include <span>
#include <vector>

namespace gsm8k {

enum class supervision { outcome, process };

struct advantage_options {
  supervision by = supervision::outcome;
  int ddof = 1;
  double epsilon = 1e-6;
};

/// Advantages of all prompts, packed: one per completion (outcome) or one per token (process).
struct advantages {
  supervision by;
  std::vector<float> value;
  std::vector<std::int64_t> prompt_offsets; ///< [prompts + 1], into value
  cohort::group_report groups;

  [[nodiscard]] std::span<float const> of_prompt(std::size_t prompt) const;
};

advantages compute_advantages(std::span<scored_prompt const* const> prompts, advantage_options const& options);

/// The control: the same rewards, handed to other completions of the same prompt at random. Outcome: permutes the
/// rewards of a group, hence its advantages. Process: permutes the rewards of all steps of a group.
std::vector<scored_prompt> with_shuffled_rewards(std::span<scored_prompt const* const> prompts, random_source& random);

} // namespace gsm8k
