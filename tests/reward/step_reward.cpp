// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/reward/step_reward.hpp>

#include <support/catch.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view reference = "16 - 3 - 4 = <<16-3-4=9>>9 eggs.\n9 * 2 = $<<9*2=18>>18.\nA: 18";

std::vector<cohort::solution_step> lines(std::string_view const text) {
  std::vector<cohort::solution_step> found;
  for (cohort::solution_step const each : cohort::solution_steps(text)) found.push_back(each);
  return found;
}

} // namespace

TEST_CASE("step_reward: every byte belongs to exactly one step", "[reward][step_reward]") {
  CHECK(lines("").empty());
  for (std::string const text : {"a", "a\n", "\n", "a\nbc", "a\n\nbc\n", "\n\n"}) {
    CAPTURE(text);
    std::size_t next = 0;
    for (cohort::solution_step const& step : lines(text)) {
      CHECK(step.begin == next);
      CHECK(step.last >= step.begin);
      next = step.last + 1;
    }
    CHECK(next == text.size());
  }
  auto const two = lines("ab\ncd");
  REQUIRE(two.size() == 2);
  CHECK(two[0].line == "ab");
  CHECK(two[0].last == 2);
  CHECK(two[1].line == "cd");
  CHECK(two[1].last == 4);
}

TEST_CASE("step_reward: what a reference arrives at", "[reward][step_reward]") {
  cohort::reference_values const values(reference);
  CHECK(values.size() == 2);
  CHECK(values.contains(9));
  CHECK(values.contains(18));
  CHECK_FALSE(values.contains(16));
  CHECK(cohort::reference_values("3 eggs and 4 make 7").size() == 3);
  CHECK(cohort::reference_values("").size() == 0);
}

TEST_CASE("step_reward: 1, 0 and unscorable", "[reward][step_reward]") {
  cohort::reference_values const values(reference);
  CHECK(cohort::step_reward("so <<16-7=9>>9", values) == 1.0);
  CHECK(cohort::step_reward("<<16-7=9>>9 and <<9*2=18>>18", values) == 1.0);
  CHECK(cohort::step_reward("holds, but leads nowhere: <<3+4=7>>7", values) == 0.0);
  CHECK(cohort::step_reward("right value, wrong sum: <<16-3=9>>9", values) == 0.0);
  CHECK(cohort::step_reward("<<16-7=9>>9 and <<9*2=17>>17", values) == 0.0);
  CHECK(std::isnan(cohort::step_reward("A: 18", values)));
  cohort::step_score const score = cohort::score_step("<<16-7=9>> <<3+4=7>> <<1+1=3>>", values);
  CHECK(score.annotations == 3);
  CHECK(score.holding == 2);
  CHECK(score.confirmed == 1);
}

TEST_CASE("step_reward: ends and rewards of a completion", "[reward][step_reward]") {
  std::string_view const completion = "She uses <<3+4=7>>7\nJust words.\nso <<16-7=9>>9\nA: 9";
  std::vector<std::pair<std::size_t, double>> found;
  cohort::for_each_step_reward(
      completion, cohort::reference_values(reference),
      [&](cohort::solution_step const& step, double const reward) { found.emplace_back(step.last, reward); });
  REQUIRE(found.size() == 2);
  CHECK(found[0] == std::pair<std::size_t, double>{19, 0.0});
  CHECK(found[1] == std::pair<std::size_t, double>{46, 1.0});
}

TEST_CASE("step_reward: a reference with too many values says so", "[reward][step_reward]") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + " ";
  cohort::reference_values const values(text);
  CHECK(values.truncated());
  CHECK(values.size() == cohort::reference_values::capacity);
  CHECK_FALSE(cohort::reference_values(reference).truncated());
}
