// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "advantages.hpp"

#include <cohort/backend/eigen.hpp>

namespace gsm8k {
namespace {

/// Offsets of runs that are laid one after another.
struct running_offsets {
  std::vector<std::int64_t> values{0};
  void push(std::size_t length) { values.push_back(values.back() + static_cast<std::int64_t>(length)); }
};

/// The rollouts of all prompts as the flat arrays that the library reads.
struct flat_rollouts {
  std::vector<float> reward, step_reward;
  std::vector<std::int64_t> step_end;
  running_offsets group, sequence, step; ///< completions of a prompt, tokens and steps of a completion
  running_offsets prompt_tokens;

  explicit flat_rollouts(std::span<scored_prompt const* const> prompts) {
    for (auto const* prompt : prompts) {
      for (auto const& completion : prompt->completions) push(completion);
      group.push(prompt->completions.size());
      prompt_tokens.push(static_cast<std::size_t>(sequence.values.back() - prompt_tokens.values.back()));
    }
  }

private:
  void push(scored_completion const& completion) {
    reward.push_back(completion.reward);
    sequence.push(completion.text.completion_tokens());
    step.push(completion.step_end.size());
    step_end.insert(step_end.end(), completion.step_end.begin(), completion.step_end.end());
    step_reward.insert(step_reward.end(), completion.step_reward.begin(), completion.step_reward.end());
  }
};

} // namespace

std::span<float const> advantages::of_prompt(std::size_t prompt) const {
  auto const begin = static_cast<std::size_t>(prompt_offsets[prompt]);
  return std::span{value}.subspan(begin, static_cast<std::size_t>(prompt_offsets[prompt + 1]) - begin);
}

advantages compute_advantages(std::span<scored_prompt const* const> prompts, advantage_options const& options) {
  flat_rollouts const flat{prompts};
  cohort::eigen_context context{{.threads = 1, .workspace_bytes = std::size_t{1} << 20U}};
  cohort::group_sums sums;
  advantages result{options.by, {}, {}, {}};
  if (options.by == supervision::outcome) {
    result.value.resize(flat.reward.size());
    result.prompt_offsets = flat.group.values;
    cohort::group_advantage<float>(
        context, flat.reward, {.advantage = result.value, .report = &sums},
        {.groups = cohort::group_offsets(flat.group.values), .ddof = options.ddof, .epsilon = options.epsilon});
  } else {
    result.value.resize(static_cast<std::size_t>(flat.sequence.values.back()));
    result.prompt_offsets = flat.prompt_tokens.values;
    cohort::process_advantage<float>(
        context,
        {.layout = cohort::packed(flat.sequence.values),
         .steps = cohort::step_list(flat.step.values, flat.step_end, flat.step_reward)},
        {.advantage = result.value, .report = &sums},
        {.groups = cohort::group_offsets(flat.group.values), .ddof = options.ddof, .epsilon = options.epsilon});
  }
  result.groups = cohort::read(context, &sums);
  return result;
}

std::vector<scored_prompt> with_shuffled_rewards(std::span<scored_prompt const* const> prompts, random_source& random) {
  std::vector<scored_prompt> shuffled;
  for (auto const* prompt : prompts) {
    shuffled.push_back(*prompt);
    std::vector<float*> outcome, step;
    for (auto& completion : shuffled.back().completions) {
      outcome.push_back(&completion.reward);
      for (auto& reward : completion.step_reward) step.push_back(&reward);
    }
    for (auto const& places : {outcome, step}) {
      std::vector<float> values;
      for (float const* place : places) values.push_back(*place);
      random.shuffle(std::span{values});
      for (std::size_t i = 0; i < places.size(); ++i) *places[i] = values[i];
    }
  }
  return shuffled;
}

} // namespace gsm8k
