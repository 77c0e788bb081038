// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The rules on real completions with human labels: GSM8K's example solutions, if they are at hand.
#include <cohort/reward/verify.hpp>

#include <support/catch.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

struct completion {
  std::string reference;
  std::string solution;
  bool is_correct;
};

/// COHORT_SHARED_DATA of the environment, then of the build, then shared/data beside the repository.
std::string data_folder() {
  if (char const* const folder = std::getenv("COHORT_SHARED_DATA")) return folder;
#if defined(COHORT_SHARED_DATA_DIR)
  return COHORT_SHARED_DATA_DIR;
#elif defined(COHORT_SOURCE_DIR)
  return COHORT_SOURCE_DIR "/../shared/data";
#else
  return "../shared/data";
#endif
}

std::vector<completion> load() {
  std::ifstream file(data_folder() + "/gsm8k/example_model_solutions.jsonl");
  std::vector<completion> completions;
  for (std::string line; std::getline(file, line);) {
    nlohmann::json const problem = nlohmann::json::parse(line);
    for (char const* const model : {"6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"}) {
      auto const& rollout = problem.at(model);
      completions.push_back({problem.at("ground_truth").get<std::string>(), rollout.at("solution").get<std::string>(),
                             rollout.at("is_correct").get<bool>()});
    }
  }
  if (completions.empty()) WARN("skipped: no gsm8k/example_model_solutions.jsonl under " << data_folder());
  return completions;
}

} // namespace

TEST_CASE("gsm8k: the outcome reward is the human label, 5,276 times of 5,276", "[reward][gsm8k]") {
  std::vector<completion> const completions = load();
  if (completions.empty()) return;
  std::size_t agreed = 0;
  std::size_t correct = 0;
  for (completion const& each : completions) {
    double const reward = cohort::final_number_match(each.solution, each.reference);
    agreed += reward == (each.is_correct ? 1.0 : 0.0) ? 1u : 0u;
    correct += each.is_correct ? 1u : 0u;
  }
  CHECK(completions.size() == 5276);
  CHECK(agreed == 5276);
  CHECK(correct == 2001);
}

TEST_CASE("gsm8k: what the annotations and steps are worth", "[reward][gsm8k]") {
  std::vector<completion> const completions = load();
  if (completions.empty()) return;
  std::array<std::size_t, 3> verdicts{};
  std::array<std::size_t, 2> steps{};
  std::array<std::size_t, 2> rewarded{};
  for (completion const& each : completions) {
    for (cohort::annotation const claim : cohort::annotations(each.solution)) {
      ++verdicts[static_cast<std::size_t>(cohort::verify_annotation(claim).verdict)];
    }
    cohort::reference_values const values(each.reference);
    CHECK_FALSE(values.truncated());
    cohort::for_each_step_reward(each.solution, values, [&](cohort::solution_step const&, double const reward) {
      ++steps[each.is_correct];
      rewarded[each.is_correct] += reward == 1.0 ? 1u : 0u;
    });
  }
  CHECK(verdicts == std::array<std::size_t, 3>{16'600, 51, 42});
  CHECK(steps == std::array<std::size_t, 2>{10'775, 5'891});
  CHECK(rewarded == std::array<std::size_t, 2>{3'171, 5'208});
}

TEST_CASE("gsm8k: the format reward is having an answer line", "[reward][gsm8k]") {
  std::vector<completion> const completions = load();
  if (completions.empty()) return;
  cohort::text_pattern const shape("([^\\n]*\\n)*A: -?[\\d,]+(\\.\\d+)?\\n?");
  std::size_t formatted = 0;
  for (completion const& each : completions) formatted += cohort::format_match(each.solution, shape) == 1.0 ? 1u : 0u;
  CHECK(formatted == 5261);
}
