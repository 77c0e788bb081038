// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Stories of group_statistics and group_advantage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cases/random.hpp>
#include <cases/stories/recording.hpp>

namespace stories {

/// Rewards of groups of the sizes given: binary, continuous around 0, or around 1000; a group in five constant.
struct reward_batch {
  std::vector<index_t> sizes;
  std::vector<double> reward;

  reward_batch(std::vector<index_t> groups, std::uint64_t seed) : sizes(std::move(groups)) {
    cases::random random(seed);
    for (index_t const n : sizes) {
      auto const what = random.bits() % 5;
      for (index_t i = 0; i < n; ++i)
        reward.push_back(what == 0   ? 0.75
                         : what == 1 ? double(random.bits() % 2)
                         : what == 2 ? 1000 + random.normal()
                                     : random.normal());
    }
  }
  [[nodiscard]] index_t groups() const { return static_cast<index_t>(sizes.size()); }
  [[nodiscard]] index_t samples() const { return static_cast<index_t>(reward.size()); }
  [[nodiscard]] std::vector<std::int64_t> offsets() const {
    std::vector<std::int64_t> x{0};
    for (index_t const n : sizes) x.push_back(x.back() + n);
    return x;
  }
  [[nodiscard]] double magnitude() const {
    double sum = 0;
    for (double const x : reward) sum += std::isfinite(x) ? std::fabs(x) : 0;
    return sum;
  }
};
inline std::vector<index_t> equal_sizes(index_t size, index_t groups) {
  return std::vector<index_t>(static_cast<std::size_t>(groups), size);
}
inline std::vector<index_t> unequal_sizes() {
  return {0, 1, 2, 5000, 0, 3, 64, 65, 1024, 1025, 1, 7, 33, 0, 256, 257, 0};
}

enum class groups_by { size, offsets, ids };

/// How the story says what belongs together; with ids the samples are shuffled.
template <class Id>
struct grouping {
  groups_by by;
  std::vector<Id> ids;

  grouping(groups_by how, reward_batch& b, std::uint64_t seed) : by(how) {
    if (how != groups_by::ids) return;
    cases::random random(seed);
    std::vector<std::pair<Id, double>> all;
    std::size_t at = 0;
    for (index_t const n : b.sizes) {
      auto const id = static_cast<Id>(static_cast<std::int64_t>(random.bits()) >> (sizeof(Id) == 8 ? 2 : 34));
      for (index_t i = 0; i < n; ++i) all.emplace_back(id, b.reward[at++]);
    }
    cases::shuffle(random, all);
    for (std::size_t i = 0; i < all.size(); ++i) ids.push_back(all[i].first), b.reward[i] = all[i].second;
  }
  /// f(layout) with what it refers to still there.
  template <class Stage, class F>
  void on(Stage& stage, reward_batch const& b, F f) const {
    using layout = cohort::group_layout<typename Stage::space>;
    if (by == groups_by::size) return f(layout(cohort::uniform_groups{b.sizes.empty() ? 1 : b.sizes[0]}));
    if (by == groups_by::offsets) {
      auto const offsets = stage.input(b.offsets());
      return f(layout(cohort::group_offsets(offsets)));
    }
    auto const named = stage.input(ids);
    f(layout(cohort::group_ids(named)));
  }
};

template <class T>
budget of_statistics(double largest) {
  return {.absolute = 64 * 0x1p-53 * largest, .relative = 64 * 0x1p-53, .zeros = false};
}
/// 32 u64 max|r| / sigma each in double; 1 last place each otherwise.
template <class T>
budget of_advantages(double largest) {
  if constexpr (std::is_same_v<T, double>) return {.absolute = 64 * 0x1p-53 * largest, .relative = 0x1p-50};
  return {.absolute = 64 * 0x1p-53 * largest, .places = 2};
}

template <class T, class Id = std::int64_t>
struct statistics_story {
  std::vector<index_t> sizes;
  groups_by by;
  std::uint64_t seed = 1;
  int ddof = 1;

  template <class Stage>
  void operator()(Stage& on) const {
    reward_batch b(sizes, seed);
    grouping<Id> const grouped(by, b, seed + 1);
    auto const reward = on.input(cases::in<T>(b.reward));
    grouped.on(on, b, [&](auto const& layout) {
      index_t const rows = layout.groups(b.samples());
      auto const count = on.template output<index_t>("count", rows, {});
      auto const mean = on.template output<double>("mean", rows, of_statistics<T>(1024));
      auto const std = on.template output<double>("std", rows, of_statistics<T>(1024));
      auto const low = on.template output<double>("min", rows, {});
      auto const high = on.template output<double>("max", rows, {});
      auto const constant = on.template output<std::uint8_t>("zero_variance", rows, {});
      auto* const report = on.template report<cohort::group_sums>("report", {0x1p-53, b.magnitude(), 0, 64});
      on.run([&](auto& context) {
        cohort::group_statistics<T>(context, reward,
                                    {.count = count,
                                     .mean = mean,
                                     .std = std,
                                     .min = low,
                                     .max = high,
                                     .zero_variance = constant,
                                     .report = report},
                                    {.groups = layout, .ddof = ddof});
      });
    });
  }
};

/// What is asked of group_advantage besides its groups.
struct advantage_convention {
  cohort::baseline baseline = cohort::baseline::mean;
  cohort::scale scale = cohort::scale::group_std;
  int ddof = 1;
  double epsilon = 1e-6;
  cohort::epsilon_place epsilon_place = cohort::epsilon_place::added;
  cohort::singleton singleton = cohort::singleton::zero;
};

template <class T, class Id = std::int64_t>
struct group_advantage_story {
  std::vector<index_t> sizes;
  groups_by by;
  advantage_convention how{};
  std::uint64_t seed = 1;
  bool in_place = false, strided = false, bad = false;

  template <class Stage>
  void operator()(Stage& on) const {
    reward_batch b(sizes, seed);
    grouping<Id> const grouped(by, b, seed + 1);
    cases::random random(seed + 2);
    for (double& x : b.reward)
      if (bad && random.bits() % 9 == 0) x = random.bits() % 2 ? cohort::not_a_number : -cohort::infinity;
    auto const values = cases::in<T>(b.reward);
    double const scaled = how.scale == cohort::scale::none ? 1024 : 1e6; // max|r|, over sigma where there is one
    auto const advantage =
        in_place ? on.output_over("advantage", values, of_advantages<T>(scaled))
                 : on.template output<T>("advantage", (strided ? 2 : 1) * b.samples(), of_advantages<T>(scaled));
    auto const to = strided ? every_second(advantage) : advantage;
    auto const reward = in_place ? typename Stage::template vector<T const>(advantage) : on.input(values);
    auto* const report = on.template report<cohort::group_sums>("report", {0x1p-53, b.magnitude(), 0, 64});
    grouped.on(on, b, [&](auto const& layout) {
      on.run([&](auto& context) {
        cohort::group_advantage<T>(context, reward, {.advantage = to, .report = report},
                                   {.groups = layout,
                                    .baseline = how.baseline,
                                    .scale = how.scale,
                                    .ddof = how.ddof,
                                    .epsilon = how.epsilon,
                                    .epsilon_place = how.epsilon_place,
                                    .singleton = how.singleton,
                                    .non_finite = cohort::non_finite::exclude});
      });
    });
  }
};

/// Every convention in turn.
inline advantage_convention convention(int i) {
  using namespace cohort;
  scale const scales[] = {scale::group_std, scale::none, scale::batch_std};
  epsilon_place const places[] = {epsilon_place::added, epsilon_place::inside_root, epsilon_place::floor};
  return {i / 3 % 2 == 0 ? baseline::mean : baseline::leave_one_out,
          scales[i % 3],
          i / 2 % 2,
          i % 4 == 3 ? 1e-4 : 1e-6,
          places[i / 3 % 3],
          i % 2 == 0 ? singleton::zero : singleton::reward};
}

/// f(name, story) for each.
template <class F>
void each_group_story(F f) {
  int turn = 0;
  for (index_t const size : {1, 2, 4, 7, 8, 16, 33, 64, 100, 1000, 3000}) {
    index_t const groups = size < 100 ? 257 : 3;
    std::string const of = " of " + std::to_string(groups) + " groups of " + std::to_string(size);
    f("group_statistics<float>" + of, statistics_story<float>{equal_sizes(size, groups), groups_by::size});
    for (int i = 0; i < 2; ++i, ++turn)
      f("group_advantage<float>" + of + ", convention " + std::to_string(turn % 18),
        group_advantage_story<float>{equal_sizes(size, groups), groups_by::size, convention(turn % 18), 7});
  }
  auto const by_offsets = groups_by::offsets, by_ids = groups_by::ids;
  f("group_statistics<float>, unequal groups", statistics_story<float>{unequal_sizes(), by_offsets, 3, 0});
  f("group_statistics<double>, unequal groups", statistics_story<double>{unequal_sizes(), by_offsets, 4});
  f("group_statistics<float>, ids", statistics_story<float>{unequal_sizes(), by_ids, 5});
  for (int i = 0; i < 18; ++i)
    f("group_advantage<float>, unequal groups, convention " + std::to_string(i),
      group_advantage_story<float>{unequal_sizes(), by_offsets, convention(i), 11});
  f("group_advantage<double>, unequal groups", group_advantage_story<double>{unequal_sizes(), by_offsets, {}, 12});
  f("group_advantage<double> of 65 groups of 8", group_advantage_story<double>{equal_sizes(8, 65), groups_by::size});
  f("group_advantage<float>, ids in any order", group_advantage_story<float>{unequal_sizes(), by_ids, {}, 13});
  f("group_advantage<float>, int32 ids",
    group_advantage_story<float, std::int32_t>{equal_sizes(4, 300), by_ids, convention(2), 14});
  f("group_advantage<float>, written over the rewards",
    group_advantage_story<float>{unequal_sizes(), by_offsets, {}, 15, true});
  f("group_advantage<float>, every second element",
    group_advantage_story<float>{unequal_sizes(), by_offsets, convention(4), 16, false, true});
  for (int i = 0; i < 3; ++i)
    f("group_advantage<float>, rewards that are not finite, convention " + std::to_string(i),
      group_advantage_story<float>{unequal_sizes(), i == 0 ? by_ids : by_offsets, convention(i), 17, false, false,
                                   true});
  f("group_advantage<float>, no sample", group_advantage_story<float>{{}, groups_by::size});
  f("group_advantage<float>, a million samples",
    group_advantage_story<float>{equal_sizes(8, 131072), groups_by::size, {}, 18});
}

} // namespace stories
