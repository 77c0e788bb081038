// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/reward/weighted_sum.hpp>

#include <support/catch.hpp>

#include <cmath>
#include <vector>

TEST_CASE("weighted_sum: the parts that could be scored", "[reward][weighted_sum]") {
  double const unscorable = std::nan("");
  CHECK(cohort::weighted_sum({{1.0}, {0.5, 0.2}}) == 1.0 + 0.5 * 0.2);
  CHECK(cohort::weighted_sum({{1.0, 2.0}, {unscorable, 5.0}, {0.0, 3.0}}) == 2.0);
  CHECK(cohort::weighted_sum({{0.0}, {unscorable}}) == 0.0);
  CHECK(std::isnan(cohort::weighted_sum({{unscorable}, {unscorable, 0.0}})));
  CHECK(std::isnan(cohort::weighted_sum({})));
  CHECK(std::isnan(cohort::weighted_sum({{1.0, unscorable}})));
  std::vector<cohort::weighted_reward> const parts{{1.0, 0.25}, {-1.0, 0.5}};
  CHECK(cohort::weighted_sum(parts) == -0.25);
}
