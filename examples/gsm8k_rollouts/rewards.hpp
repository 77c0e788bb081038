// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rewards by rule: no label and no reward model is asked.
///
///   outcome   1 if the final number of a completion (its line `A: <number>`) equals that of the reference, else 0
///   step      a step is a line that states a value: a line with annotations `<<expression=value>>` earns 1 if each of
///             them evaluates to the value it states and that value occurs in the reference solution, else 0; the line
///             `A: <number>` earns the outcome reward; other lines are no steps
#pragma once

#include "byte_model.hpp"
#include "rollouts.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gsm8k {

/// Whether a reference solution has a number to compare with: `A: <number>`, `#### <number>`, or nothing but a number.
bool states_final_number(std::string_view solution);

struct scored_completion {
  encoded_text text;
  float reward;                       ///< outcome
  std::vector<std::int64_t> step_end; ///< token of the byte that ends the step's line, within the completion
  std::vector<float> step_reward;
};

struct scored_prompt {
  std::string question;
  encoded_text reference;
  std::vector<scored_completion> completions;

  /// Some completions are right and some are wrong: the others give no outcome advantage.
  [[nodiscard]] bool mixed() const;
};

scored_prompt score(rollout_group const& group);
std::vector<scored_prompt> score(std::span<rollout_group const> groups);

/// How often the rule says what the file's labels say.
struct agreement {
  std::int64_t labelled;
  std::int64_t agreed;
};
agreement compare(std::span<rollout_group const> groups, std::span<scored_prompt const> scored);

} // namespace gsm8k
