// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Permuting samples permutes group advantages bit for bit, however groups are given, on any number of threads.
#include <cases/groups.hpp>

#include <properties/property.hpp>

namespace {

using namespace properties;
using cases::group_options;
using order = std::vector<std::size_t>;

/// What rewards look like: spread, few values, one value, far from 0, tiny, some of them not finite.
double reward(cases::random& source, int kind) {
  double const x = source.normal();
  switch (kind) {
  case 0:
    return x;
  case 1:
    return x > 0.5;
  case 2:
    return 0.7;
  case 3:
    return 1e6 + x;
  case 4:
    return 1e-30 * x;
  default:
    return cases::chance(source, 0.2) ? cohort::infinity : x;
  }
}

/// Groups of those sizes one after the other: an order of the groups and one within each. Where sizes differ, they
/// move along.
struct shuffled_groups {
  std::vector<int> sizes;
  order samples;
};
shuffled_groups shuffle(cases::random& source, std::vector<int> const& sizes) {
  auto const first = cases::offsets_of<std::size_t>(sizes);
  shuffled_groups x;
  for (auto const g : cases::permutation(source, sizes.size())) {
    auto const inside = cases::permutation(source, static_cast<std::size_t>(sizes[g]));
    x.sizes.push_back(sizes[g]);
    for (auto const i : inside) x.samples.push_back(first[g] + i);
  }
  return x;
}

group_options draw_options() {
  using cohort::baseline, cohort::scale, cohort::epsilon_place, cohort::singleton;
  return {.groups = cohort::uniform_groups{1},
          .baseline = one_of({baseline::mean, baseline::leave_one_out}),
          .scale = one_of({scale::group_std, scale::none, scale::batch_std}),
          .ddof = one_of({0, 1}),
          .epsilon = one_of({0.0, 1e-6, 1e-4}),
          .epsilon_place = one_of({epsilon_place::added, epsilon_place::inside_root, epsilon_place::floor}),
          .singleton = one_of({singleton::zero, singleton::reward}),
          .non_finite = cohort::non_finite::exclude};
}

struct drawn_groups {
  std::vector<int> sizes;
  std::vector<double> reward;
  group_options options;
  cases::random source;
};
drawn_groups draw(bool uniform) {
  auto const groups = static_cast<std::size_t>(between(1, 30)), size = static_cast<std::size_t>(between(1, 20));
  auto const kind = one_of({0, 1, 2, 3, 4, 5});
  drawn_groups d{{}, {}, draw_options(), cases::random(any_seed())};
  for (std::size_t g = 0; g < groups; ++g)
    d.sizes.push_back(static_cast<int>(uniform ? size : 1 + cases::below(d.source, size)));
  for (int i = 0; i < cases::offsets_of<int>(d.sizes).back(); ++i) d.reward.push_back(reward(d.source, kind));
  return d;
}

/// The advantages of permuted rewards in permuted groups are the permuted advantages.
void check_permuted(drawn_groups const& d, order const& samples, group_options const& before,
                    group_options const& after) {
  on_everything([&]<class T>(auto& context, T) {
    auto const x = cases::in<T>(d.reward);
    auto const expected = cases::taken(cases::group_run(context, x, before).advantage, samples);
    auto const found = cases::group_run(context, cases::taken(x, samples), after).advantage;
    RC_ASSERT(support::same_bits(found, expected));
  });
}

} // namespace

TEST_CASE("property: permuted samples, uniform groups", "[properties]") {
  holds("uniform groups", [] {
    auto d = draw(true);
    d.options.groups = cohort::uniform_groups{d.sizes.front()};
    check_permuted(d, shuffle(d.source, d.sizes).samples, d.options, d.options);
  });
}

TEST_CASE("property: permuted samples, offsets", "[properties]") {
  holds("group offsets", [] {
    auto d = draw(false);
    auto const moved = shuffle(d.source, d.sizes);
    auto const before = cases::offsets_of<std::int32_t>(d.sizes), after = cases::offsets_of<std::int32_t>(moved.sizes);
    auto options = d.options;
    d.options.groups = cohort::group_offsets(before), options.groups = cohort::group_offsets(after);
    check_permuted(d, moved.samples, d.options, options);
  });
}

TEST_CASE("property: permuted samples, ids", "[properties]") {
  holds("group ids", [] {
    auto d = draw(false);
    std::vector<std::int64_t> ids;
    for (std::size_t g = 0; g < d.sizes.size(); ++g)
      ids.insert(ids.end(), static_cast<std::size_t>(d.sizes[g]),
                 (static_cast<std::int64_t>(d.source.bits()) >> 20) * 64 + static_cast<std::int64_t>(g));
    auto const samples = cases::permutation(d.source, ids.size());
    auto const moved = cases::taken(ids, samples);
    auto options = d.options;
    d.options.groups = cohort::group_ids(ids), options.groups = cohort::group_ids(moved);
    check_permuted(d, samples, d.options, options);
  });
}

TEST_CASE("property: threads change no bit of an advantage", "[properties]") {
  holds("group threads", [] {
    auto d = draw(true);
    d.options.groups = cohort::uniform_groups{d.sizes.front()};
    auto const in = [&]<class T>(T) {
      auto const x = cases::in<T>(d.reward);
      auto const a = cases::group_run(eigen_threads(1), x, d.options),
                 b = cases::group_run(eigen_threads(7), x, d.options);
      RC_ASSERT(support::same_bits(a.advantage, b.advantage));
      RC_ASSERT(support::same_bits(a.sums, b.sums));
    };
    in(float{}), in(double{});
  });
}
