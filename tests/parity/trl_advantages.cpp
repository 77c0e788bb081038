// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// TRL's advantages in our words: its options on the left, ours on the right.
#include <cmath>

#include <cohort/reward/weighted_sum.hpp>

#include <parity/recipe.hpp>

namespace parity {

namespace {

using std::string;

constexpr double epsilon = 1e-4; ///< after the root, in every scale

group_options grouped(std::int64_t size, cohort::scale scale) {
  return {.groups = cohort::uniform_groups{size},
          .scale = scale,
          .ddof = 1,
          .epsilon = epsilon,
          .singleton = cohort::singleton::zero,
          .non_finite = cohort::non_finite::exclude};
}

/// The weighted sum of each sample's scorable parts: nansum, NaN where none is.
values summed(std::vector<values> const& parts, values const& weights) {
  values sums;
  for (std::size_t i = 0; i < parts[0].size(); ++i) {
    std::vector<cohort::weighted_reward> sample;
    for (std::size_t k = 0; k < parts.size(); ++k) sample.push_back({parts[k][i], weights[k]});
    sums.push_back(cohort::weighted_sum(sample));
  }
  return sums;
}

std::vector<values> columns_of(array const& rewards) {
  auto const functions = static_cast<std::size_t>(rewards.shape[1]);
  std::vector<values> columns(functions);
  for (std::size_t i = 0; i < rewards.data.size(); ++i) columns[i % functions].push_back(rewards.data[i]);
  return columns;
}

/// normalize_then_sum: every reward against its group, then the sum against the batch.
std::vector<values> normalized(engine& e, std::vector<values> parts, std::int64_t group_size) {
  for (auto& part : parts) {
    auto const scores = e.group_advantage(part, grouped(group_size, cohort::scale::group_std));
    for (std::size_t i = 0; i < part.size(); ++i)
      if (!std::isnan(part[i])) part[i] = scores[i]; // excluded rewards stay unscorable
  }
  return parts;
}

/// Rewards 1e-9 apart: TRL calls a standard deviation below 1e-8 zero, ours is zero where the rewards are equal.
bool nearly_equal(peer_case const& c) { return c.name.find("nearly_equal") != string::npos; }

struct advantage_case {
  std::int64_t group_size, samples;
  std::vector<values> rewards;
  values weights;
  bool then_sum;
  string scale;

  explicit advantage_case(peer_case const& c)
      : group_size(static_cast<std::int64_t>(c.options.number("group_size"))),
        samples(c.options.arrays.at("rewards").shape[0]), rewards(columns_of(c.options.arrays.at("rewards"))),
        weights(c.options.data("reward_weights")),
        then_sum(c.options.text("multi_objective_aggregation") == "normalize_then_sum"),
        scale(c.options.text("scale_rewards")) {}

  [[nodiscard]] group_options options() const {
    if (then_sum) return grouped(samples, cohort::scale::group_std); // the batch is one group
    return grouped(group_size, scale == "group"   ? cohort::scale::group_std
                               : scale == "batch" ? cohort::scale::batch_std
                                                  : cohort::scale::none);
  }
  [[nodiscard]] std::int64_t deviation_size() const { return then_sum || scale == "batch" ? samples : group_size; }

  [[nodiscard]] std::vector<comparison> run(engine& e, peer_case const& c) const {
    auto const parts = then_sum ? normalized(e, rewards, group_size) : rewards;
    values const reward = summed(parts, weights);
    auto const seen = e.group_statistics(reward, deviation_size());
    values deviation, equal;
    for (std::int64_t i = 0; i < samples; ++i) {
      auto const g = static_cast<std::size_t>(i / deviation_size());
      deviation.push_back(seen.count[g] == 1 ? NAN : seen.std[g]); // TRL's n - 1 of one scorable sample; ours 0
      equal.push_back(seen.zero_variance[g]);
    }
    std::vector<comparison> all{{"advantage", e.group_advantage(reward, options()), c.outputs.data("advantage")},
                                {"std", deviation, c.outputs.data("std")}};
    if (!nearly_equal(c)) all.push_back({"is_std_zero", equal, c.outputs.data("is_std_zero")});
    return all;
  }
};

} // namespace

std::optional<recipe> trl_advantage_recipe(peer_case const& c) {
  advantage_case const how(c);
  recipe how_to{"weighted_sum, group_advantage(uniform_groups, ddof 1, epsilon 1e-4, exclude)",
                [how, &c](engine& e) { return how.run(e, c); }};
  if (nearly_equal(c)) {
    how_to.not_compared = {{"is_std_zero", "TRL calls a deviation below 1e-8 zero, ours is zero where all are equal"}};
    how_to.in_float = false;
  }
  return how_to;
}

} // namespace parity
