// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The rollout example up to the advantages: reading, rules, groups.
#include <gsm8k_rollouts/advantages.hpp>
#include <gsm8k_rollouts/job.hpp>
#include <gsm8k_rollouts/rewards.hpp>
#include <gsm8k_rollouts/rollouts.hpp>

#include <support/catch.hpp>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "rollout_files.hpp"

namespace {

std::string const good_line =
    R"({"question": "2 + 2?", "ground_truth": "2 + 2 = <<2+2=4>>4\nA: 4", "id": 7, "first": {"solution": "A: 4"},)"
    R"( "another": {"is_correct": false, "solution": "2 + 2 = <<2+2=5>>5\nA: 5"}})";

std::vector<gsm8k::rollout_group> groups_of(std::string const& text) {
  std::istringstream stream{text};
  return gsm8k::read_rollouts(stream, "rollouts.jsonl");
}

std::string refusal_of(std::string const& text) {
  try {
    groups_of(text);
  } catch (gsm8k::malformed_rollouts const& refused) {
    return refused.what();
  }
  return "accepted";
}

std::vector<gsm8k::scored_prompt const*> pointers_to(std::vector<gsm8k::scored_prompt> const& prompts) {
  std::vector<gsm8k::scored_prompt const*> pointers;
  for (auto const& prompt : prompts) pointers.push_back(&prompt);
  return pointers;
}

/// (x - mean) / (std + epsilon), in double and by the book; 0 where all are the same.
std::vector<double> by_the_book(std::vector<double> const& x, int ddof, double epsilon) {
  double mean = 0, squares = 0;
  for (double const value : x) mean += value / static_cast<double>(x.size());
  for (double const value : x) squares += (value - mean) * (value - mean);
  double const deviation = std::sqrt(squares / (static_cast<double>(x.size()) - ddof));
  std::vector<double> result;
  for (double const value : x) result.push_back(squares > 0 ? (value - mean) / (deviation + epsilon) : 0);
  return result;
}

/// The largest difference of the outcome advantages from the book's, and the groups without variance: in those every
/// advantage has to be exactly zero.
struct comparison {
  double largest_difference = 0;
  std::int64_t zero_variance = 0;
  std::int64_t not_zero = 0;
};

comparison compare_outcomes(std::vector<gsm8k::scored_prompt> const& prompts, int ddof) {
  gsm8k::advantage_options options;
  options.ddof = ddof;
  auto const advantage = gsm8k::compute_advantages(pointers_to(prompts), options);
  comparison result;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    std::vector<double> rewards;
    for (auto const& completion : prompts[p].completions) rewards.push_back(static_cast<double>(completion.reward));
    auto const expected = by_the_book(rewards, ddof, options.epsilon);
    auto const computed = advantage.of_prompt(p);
    result.zero_variance += prompts[p].mixed() ? 0 : 1;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      double const value = static_cast<double>(computed[i]);
      result.largest_difference = (std::max)(result.largest_difference, std::abs(value - expected[i]));
      if (!prompts[p].mixed() && !(value == 0)) ++result.not_zero;
    }
  }
  REQUIRE(advantage.groups.zero_variance == result.zero_variance);
  return result;
}

} // namespace

TEST_CASE("rollouts: completions are the keys with an object, in the file's order") {
  auto const groups = groups_of(good_line + "\n" + good_line);
  REQUIRE(groups.size() == 2);
  REQUIRE(groups[1].question == "2 + 2?");
  REQUIRE(groups[1].completions.size() == 2);
  CHECK(groups[1].completions[0].source == "first");
  CHECK_FALSE(groups[1].completions[0].labelled.has_value());
  CHECK(groups[1].completions[1].source == "another");
  CHECK(groups[1].completions[1].labelled == std::optional<bool>{false});
}

TEST_CASE("rollouts: a malformed line is named by file, line and reason") {
  struct example {
    std::string line, reason;
  };
  std::vector<example> const examples{
      {"", "not JSON"},
      {"{\"question\": ", "not JSON"},
      {good_line + "}", "not JSON"},
      {"\"\xff\"", "not JSON"},
      {"[1, 2]", "is array, not an object"},
      {R"({"ground_truth": "A: 4", "a": {"solution": "A: 4"}})", "lacks \"question\""},
      {R"({"question": "2?", "answer": "A: 4", "a": {"solution": "A: 4"}})", "lacks \"ground_truth\""},
      {R"({"question": 2, "ground_truth": "A: 4", "a": {"solution": "A: 4"}})", "\"question\" is number, not a string"},
      {R"({"question": "", "ground_truth": "A: 4", "a": {"solution": "A: 4"}})", "\"question\" is empty"},
      {R"({"question": "2?", "ground_truth": "four", "a": {"solution": "A: 4"}})", "states no final number"},
      {R"({"question": "2?", "ground_truth": "A: 4"})", "has no completion"},
      {R"({"question": "2?", "ground_truth": "A: 4", "a": {"is_correct": true}})",
       "completion \"a\": lacks \"solution\""},
      {R"({"question": "2?", "ground_truth": "A: 4", "a": {"solution": null}})",
       "completion \"a\": \"solution\" is null"},
      {R"({"question": "2?", "ground_truth": "A: 4", "a": {"solution": "A: 4", "is_correct": "yes"}})",
       "completion \"a\": \"is_correct\" is string"}};
  for (auto const& [line, reason] : examples) {
    CAPTURE(line);
    auto const refusal = refusal_of(good_line + "\n" + line + "\n" + good_line + "\n");
    CHECK_THAT(refusal, ContainsSubstring("rollouts.jsonl:2: "));
    CHECK_THAT(refusal, ContainsSubstring(reason));
  }
  CHECK_THAT(refusal_of(""), ContainsSubstring("rollouts.jsonl:1: the file is empty"));
  CHECK_THROWS_AS(gsm8k::read_rollouts(std::filesystem::path{"no/such/file.jsonl"}), std::runtime_error);
}

TEST_CASE("rollouts: a run that fails leaves earlier output files as they were") {
  rollout_files::scratch_folder const folder{"failing_run"};
  gsm8k::job_options options;
  options.rollouts = folder / "rollouts.jsonl";
  options.output = folder.path();
  rollout_files::write(folder / "metrics.jsonl", "earlier metrics");
  rollout_files::write(folder / "curves.svg", "earlier curves");
  std::ostringstream out;
  SECTION("a malformed line") { rollout_files::write(options.rollouts, good_line + "\nnonsense\n"); }
  SECTION("nothing to train on") {
    rollout_files::write(options.rollouts, R"({"question": "2?", "ground_truth": "A: 4", "a": {"solution": "A: 4"}})");
    options.split.mixed_only = true;
  }
  CHECK_THROWS_AS(gsm8k::run_job(options, out, {}), std::runtime_error);
  CHECK(rollout_files::read(folder / "metrics.jsonl") == "earlier metrics");
  CHECK(rollout_files::read(folder / "curves.svg") == "earlier curves");
  CHECK(std::distance(std::filesystem::directory_iterator{folder.path()}, {}) == 3);
}

TEST_CASE("rollouts: a step is a line with annotations or with the answer") {
  gsm8k::rollout_group const group{
      "q",
      "6 * 2 = <<6*2=12>>12\n12 - 5 = <<12-5=7>>7\nA: 7",
      {{"a", "6 * 2 = <<6*2=12>>12\nNo sums here.\n12 - 6 = <<12-6=6>>6\n12 - 5 = <<12-5=8>>8\nA: 7", {}}}};
  auto const scored = gsm8k::score(group).completions[0];
  std::string const& text = group.completions[0].solution;
  CHECK(scored.reward == 1);
  // right; true but not of the reference; false; the answer
  CHECK(scored.step_reward == std::vector<float>{1, 0, 0, 1});
  REQUIRE(scored.step_end.size() == 4);
  CHECK(scored.step_end[0] == static_cast<std::int64_t>(text.find('\n')));
  CHECK(scored.step_end[2] == static_cast<std::int64_t>(text.rfind('\n')));
  CHECK(scored.step_end[3] == static_cast<std::int64_t>(text.size()));
  CHECK(scored.text.completion_tokens() == text.size() + 1);
}

TEST_CASE("rollouts: process advantages are the sum of the normalised rewards of the steps to come") {
  auto const prompts = gsm8k::score(gsm8k::read_rollouts(rollout_files::shipped()));
  gsm8k::advantage_options const options{gsm8k::supervision::process, 0, 1e-6};
  auto const advantage = gsm8k::compute_advantages(pointers_to(prompts), options);
  double largest_difference = 0;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    std::vector<double> rewards;
    for (auto const& one : prompts[p].completions)
      rewards.insert(rewards.end(), one.step_reward.begin(), one.step_reward.end());
    auto const normalised = by_the_book(rewards, options.ddof, options.epsilon);
    auto computed = advantage.of_prompt(p).begin();
    std::size_t first = 0;
    for (auto const& one : prompts[p].completions) {
      for (std::size_t token = 0; token < one.text.completion_tokens(); ++token, ++computed) {
        double expected = 0;
        for (std::size_t step = 0; step < one.step_end.size(); ++step)
          if (one.step_end[step] >= static_cast<std::int64_t>(token)) expected += normalised[first + step];
        largest_difference = (std::max)(largest_difference, std::abs(static_cast<double>(*computed) - expected));
      }
      first += one.step_end.size();
    }
    REQUIRE(computed == advantage.of_prompt(p).end());
  }
  CHECK(largest_difference < 2e-6);
}

TEST_CASE("rollouts: the shipped file") {
  auto const groups = gsm8k::read_rollouts(rollout_files::shipped());
  auto const prompts = gsm8k::score(groups);
  REQUIRE(groups.size() >= 32);
  for (auto const& group : groups) REQUIRE(group.completions.size() == 4);
  auto const labels = gsm8k::compare(groups, prompts);
  CHECK(labels.labelled == static_cast<std::int64_t>(4 * groups.size()));
  CHECK(labels.agreed == labels.labelled);
  for (int const ddof : {0, 1}) {
    auto const found = compare_outcomes(prompts, ddof);
    CHECK(found.largest_difference < 1e-6);
    CHECK(found.zero_variance == 6);
    CHECK(found.not_zero == 0);
  }
}

TEST_CASE("rollouts: the real file") {
  auto const file = rollout_files::real();
  if (!file) {
    WARN("skipped: the real rollouts are not here (COHORT_SHARED_DATA names their folder)");
    return;
  }
  auto const groups = gsm8k::read_rollouts(*file);
  auto const prompts = gsm8k::score(groups);
  REQUIRE(prompts.size() == 1319);
  auto const labels = gsm8k::compare(groups, prompts);
  CHECK(labels.labelled == 5276);
  CHECK(labels.agreed == 5276);
  for (int const ddof : {0, 1}) {
    auto const found = compare_outcomes(prompts, ddof);
    CHECK(found.largest_difference < 1e-6);
    CHECK(found.zero_variance == 588);
    CHECK(found.not_zero == 0);
  }
}
