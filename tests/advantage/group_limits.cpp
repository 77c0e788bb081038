// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Where memory is shared or reversed, and rewards at the ends of the range.
#include <cases/contexts.hpp>
#include <cases/groups.hpp>
#include <cases/tensors.hpp>

namespace {

using cases::loose_vector;
using cohort::index_t;

/// Whether every advantage of three finite rewards is finite.
bool finite(auto& context, std::vector<double> const& reward) {
  auto const out = cases::group_run(context, reward, {.groups = cohort::uniform_groups{3}, .epsilon = 0});
  return std::isfinite(out.advantage[0]) && std::isfinite(out.advantage[1]) && std::isfinite(out.advantage[2]);
}

} // namespace

TEST_CASE("group_advantage: in place, reversed and spread out in memory", "[advantage][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    cases::random source(81);
    std::vector<T> const reward = source.normals<T>(120);
    std::vector<std::int64_t> ids;
    for (int i = 0; i < 120; ++i) ids.push_back(source.integer(0, 20));
    for (cases::group_options const& options :
         {cases::group_options{.groups = cohort::uniform_groups{6}},
          cases::group_options{.groups = cohort::group_ids(ids)},
          cases::group_options{.groups = cohort::uniform_groups{60}, .scale = cohort::scale::batch_std}}) {
      auto const expected = cases::group_run(context, reward, options).advantage;
      auto in_place = reward;
      cohort::group_advantage(context, in_place, in_place, options);
      CHECK(support::same_bits(in_place, expected));
      std::vector<T> spread(360, static_cast<T>(NAN)), out(240, T(77)), tidy;
      for (std::size_t i = 0; i < 120; ++i) spread[3 * (119 - i)] = reward[i];
      auto const reversed = loose_vector(spread.data() + 357, 120, -3);
      auto const strided = loose_vector(out.data(), 120, 2);
      cohort::group_advantage(context, reversed, strided, options);
      for (std::size_t i = 0; i < 120; ++i) tidy.push_back(out[2 * i]);
      CHECK(support::same_bits(tidy, expected));
      for (std::size_t i = 1; i < 240; i += 2) CHECK(out[i] == T(77));
    }
  });
}

TEST_CASE("group_advantage: finite rewards of any size give finite advantages", "[advantage][limits]") {
  support::on_every_context([](auto& context) {
    for (double const size : {1e100, 1e140, 1e150, 1e200, 1e300}) {
      INFO("size " << size);
      CHECK(finite(context, {size, -size, 0}));
    }
    for (double const size : {1e-100, 1e-150, 1e-170, 5e-324}) {
      INFO("size " << size);
      CHECK(finite(context, {size, 0, 0}));
    }
  });
}

TEST_CASE("group_statistics: outputs that share memory are refused", "[advantage][limits]") {
  support::on_every_context([](auto& context) {
    std::vector<double> reward{1, 2, 3, 4}, x(2);
    cohort::view<double const, 1, cohort::host_space> const in(reward);
    CHECK_FALSE(cohort::check_group_statistics<double>(context, in, {.mean = x, .std = x},
                                                       {.groups = cohort::uniform_groups{2}})
                    .ok());
    auto const over = loose_vector(reward.data(), 2);
    CHECK_FALSE(
        cohort::check_group_statistics<double>(context, in, {.mean = over}, {.groups = cohort::uniform_groups{2}})
            .ok());
  });
}
