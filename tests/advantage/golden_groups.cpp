// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Group advantages worked out by hand, by the conventions of the systems that use them.
#include <cases/contexts.hpp>
#include <cases/groups.hpp>

namespace {

using cohort::baseline;
using cohort::epsilon_place;
using cohort::scale;
using cohort::singleton;

struct golden {
  char const* name;
  std::vector<double> reward;
  std::vector<double> advantage;
  cases::group_options options;
};

constexpr cohort::uniform_groups four{4};

std::vector<golden> worked_examples() {
  std::vector<double> const r{1.0, 0.8, 0.4, 0.2}, two{1, 0, 0, 0, 1, 1, 1, 0};
  auto const of_four = [&](char const* name, double first, double second, cases::group_options const& o) {
    return golden{name, r, {first, second, -second, -first}, o};
  };
  return {
      of_four("population, no epsilon", 1.264911, 0.632456, {.groups = four, .ddof = 0, .epsilon = 0}),
      of_four("population, 1e-4", 1.264511, 0.632256, {.groups = four, .ddof = 0, .epsilon = 1e-4}),
      of_four("population, 1e-8", 1.264911, 0.632456, {.groups = four, .ddof = 0, .epsilon = 1e-8}),
      of_four("population, 1e-8 inside the root", 1.264911, 0.632456,
              {.groups = four, .ddof = 0, .epsilon = 1e-8, .epsilon_place = epsilon_place::inside_root}),
      of_four("unbiased, 1e-6", 1.095442, 0.547721, {.groups = four}),
      of_four("unbiased, 1e-4", 1.095145, 0.547573, {.groups = four, .epsilon = 1e-4}),
      of_four("unbiased, 1e-5", 1.095415, 0.547708, {.groups = four, .epsilon = 1e-5}),
      of_four("unbiased, 1e-9", 1.095445, 0.547723, {.groups = four, .epsilon = 1e-9}),
      of_four("unbiased, floor below", 1.095445, 0.547723,
              {.groups = four, .epsilon = 0.3, .epsilon_place = epsilon_place::floor}),
      of_four("unbiased, floor above", 0.8, 0.4,
              {.groups = four, .epsilon = 0.5, .epsilon_place = epsilon_place::floor}),
      of_four("unbiased, variance and epsilon 0.16", 1, 0.5,
              {.groups = four, .epsilon = 0.16 - 0.4 / 3, .epsilon_place = epsilon_place::inside_root}),
      of_four("no deviation", 0.4, 0.2, {.groups = four, .scale = scale::none}),
      of_four("leave one out", 0.533333, 0.266667,
              {.groups = four, .baseline = baseline::leave_one_out, .scale = scale::none}),
      {"scaled by groups",
       two,
       {1.499700, -0.499900, -0.499900, -0.499900, 0.499900, 0.499900, 0.499900, -1.499700},
       {.groups = four, .epsilon = 1e-4}},
      {"scaled by the batch",
       two,
       {1.402859, -0.467620, -0.467620, -0.467620, 0.467620, 0.467620, 0.467620, -1.402859},
       {.groups = four, .scale = scale::batch_std, .epsilon = 1e-4}},
      {"not scaled", two, {0.75, -0.25, -0.25, -0.25, 0.25, 0.25, 0.25, -0.75}, {.groups = four, .scale = scale::none}},
      {"a group of one is 0", {0.7}, {0}, {.groups = cohort::uniform_groups{1}}},
      {"a group of one is its reward over 1 + epsilon",
       {0.7},
       {0.6999993},
       {.groups = cohort::uniform_groups{1}, .singleton = singleton::reward}},
      {"a group of one is its reward",
       {0.7},
       {0.7},
       {.groups = cohort::uniform_groups{1},
        .baseline = baseline::leave_one_out,
        .scale = scale::none,
        .singleton = singleton::reward}},
      {"equal rewards", {0.3, 0.3, 0.3}, {0, 0, 0}, {.groups = cohort::uniform_groups{3}, .ddof = 0, .epsilon = 0}},
  };
}

} // namespace

TEST_CASE("group_advantage: worked examples", "[advantage][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (golden const& g : worked_examples()) {
      INFO(g.name);
      auto const out = cases::group_run(context, cases::in<T>(g.reward), g.options);
      CHECK(cases::distance(out.advantage, g.advantage) < 6e-7);
    }
  });
}

TEST_CASE("group_advantage: equal rewards that do not add up exactly are exactly 0", "[advantage][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const epsilon : {0.0, 1e-9, 1e-8, 1e-6, 1e-4})
      for (auto const& [reward, n] : {std::pair{0.1, std::size_t{7}}, {0.7, 12}}) {
        INFO(n << " x " << reward << ", epsilon " << epsilon);
        auto const out =
            cases::group_run(context, std::vector<T>(n, static_cast<T>(reward)),
                             {.groups = cohort::uniform_groups{static_cast<cohort::index_t>(n)}, .epsilon = epsilon});
        CHECK(support::same_bits(out.advantage, std::vector<T>(n, T(0))));
        CHECK(out.sums.zero_variance == 1);
        CHECK(out.sums.reward_std == 0);
      }
  });
}

TEST_CASE("group_statistics: a variance that one pass in float loses", "[advantage][golden]") {
  support::on_every_context([](auto& context) {
    std::vector<float> const reward{1000.1F, 1000.2F, 1000.3F};
    std::vector<double> mean(1), std(1), low(1), high(1);
    std::vector<cohort::index_t> count(1);
    std::vector<std::uint8_t> zero(1, 9);
    cohort::group_statistics<float>(
        context, reward, {.count = count, .mean = mean, .std = std, .min = low, .max = high, .zero_variance = zero},
        {.groups = cohort::uniform_groups{3}, .ddof = 0});
    CHECK(std[0] * std[0] == approx(0.006667).epsilon(1e-3)); // of the rewards as float holds them
    CHECK(mean[0] == approx(1000.2).epsilon(1e-7));
    CHECK(low[0] == static_cast<double>(reward[0]));
    CHECK(high[0] == static_cast<double>(reward[2]));
    CHECK(count[0] == 3);
    CHECK(zero[0] == 0);
  });
}
