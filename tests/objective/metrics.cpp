// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The metrics of a step by name: each field once, the group's counts from the group statistics.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <cohort/advantage/group_advantage.hpp>
#include <cohort/interop/span.hpp>
#include <cohort/objective/metrics.hpp>
#include <engines/calls.hpp>
#include <support/catch.hpp>

namespace {

template <class Report>
std::map<std::string, double> metrics_of(Report const& report) {
  std::map<std::string, double> all;
  cohort::for_each_metric(report, [&](char const* name, double value) {
    INFO(name);
    CHECK(all.emplace(name, value).second);
  });
  return all;
}

} // namespace

TEST_CASE("metrics: a loss report by name", "[objective][metrics]") {
  cohort::loss_report report{.loss = 1, .kl = 2, .approx_kl = 3, .clip_low = 4, .clip_high = 5, .clip_cap = 6};
  report.tokens = 7;
  auto const all = metrics_of(report);
  CHECK(all.size() == 16);
  CHECK(all.at("policy/loss") == 1);
  CHECK(all.at("policy/kl") == 2);
  CHECK(all.at("policy/approx_kl") == 3);
  CHECK(all.at("policy/clip_low") == 4);
  CHECK(all.at("policy/clip_high") == 5);
  CHECK(all.at("policy/clip_cap") == 6);
  CHECK(all.at("policy/tokens") == 7);
}

TEST_CASE("metrics: zero variance, singletons and excluded rewards of the groups", "[objective][metrics]") {
  engines::any_context context{{engines::place::reference}, 1 << 12};
  std::vector<double> const reward{1, 1, 1, 0, NAN, 3, 5};
  std::vector<std::int64_t> const offsets{0, 2, 4, 6, 7};
  std::vector<double> advantage(reward.size());
  cohort::group_sums sums;
  cohort::group_advantage<double>(
      context, reward, {.advantage = advantage, .report = &sums},
      {.groups = cohort::group_offsets(offsets), .non_finite = cohort::non_finite::exclude});
  auto const all = metrics_of(cohort::read(context, &sums, cohort::on_data_error::accept));
  CHECK(all.size() == 8);
  CHECK(all.at("group/groups") == 4);
  CHECK(all.at("group/zero_variance") == 1);
  CHECK(all.at("group/singletons") == 2);
  CHECK(all.at("group/excluded") == 1);
  CHECK(all.at("group/samples") == 6);
  CHECK(all.at("group/fraction_zero_variance") == 0.25);
}

TEST_CASE("metrics: a value report by name", "[objective][metrics]") {
  auto const all = metrics_of(cohort::value_report{.loss = 2, .clip_fraction = 0.5});
  CHECK(all.size() == 7);
  CHECK(all.at("value/loss") == 2);
  CHECK(all.at("value/clip_fraction") == 0.5);
}
