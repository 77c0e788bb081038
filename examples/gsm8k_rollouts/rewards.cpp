// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rewards.hpp"

#include <algorithm>
#include <cohort/reward/verify.hpp>
#include <cstddef>

namespace gsm8k {
namespace {

/// The steps of a completion and their rewards; the last line ends with the end of the text, a token of its own.
void score_steps(std::string const& solution, std::string const& reference, scored_completion& into) {
  cohort::reference_values const known{reference};
  for (cohort::solution_step const step : cohort::solution_steps(solution)) {
    cohort::step_score const score = cohort::score_step(step.line, known);
    if (!score.scored() && !cohort::final_number(step.line)) continue;
    std::size_t const end = step.last + 1 == solution.size() ? solution.size() : step.last;
    double const reward = score.scored() ? score.reward() : cohort::final_number_match(step.line, reference);
    into.step_end.push_back(static_cast<std::int64_t>(end));
    into.step_reward.push_back(static_cast<float>(reward));
  }
}

scored_completion score(rollout_group const& group, completion const& one) {
  double const outcome = cohort::final_number_match(one.solution, group.reference);
  scored_completion result{encoded_text{group.question, one.solution}, static_cast<float>(outcome), {}, {}};
  score_steps(one.solution, group.reference, result);
  return result;
}

bool right(scored_completion const& completion) { return completion.reward > 0.5F; }

} // namespace

bool states_final_number(std::string_view solution) { return bool{cohort::reference_number(solution)}; }

bool scored_prompt::mixed() const {
  return std::any_of(completions.begin(), completions.end(), right) &&
         !std::all_of(completions.begin(), completions.end(), right);
}

scored_prompt score(rollout_group const& group) {
  scored_prompt prompt{group.question, encoded_text{group.question, group.reference}, {}};
  for (auto const& one : group.completions) prompt.completions.push_back(score(group, one));
  return prompt;
}

std::vector<scored_prompt> score(std::span<rollout_group const> groups) {
  std::vector<scored_prompt> scored;
  scored.reserve(groups.size());
  for (auto const& group : groups) scored.push_back(score(group));
  return scored;
}

agreement compare(std::span<rollout_group const> groups, std::span<scored_prompt const> scored) {
  agreement counts{};
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (std::size_t i = 0; i < groups[g].completions.size(); ++i)
      if (auto const label = groups[g].completions[i].labelled) {
        ++counts.labelled;
        counts.agreed += *label == right(scored[g].completions[i]) ? 1 : 0;
      }
  return counts;
}

} // namespace gsm8k
