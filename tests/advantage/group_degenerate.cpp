// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Groups without spread, of one, far from 0, and with rewards that are not finite.
#include <cases/contexts.hpp>
#include <cases/groups.hpp>

namespace {

using cohort::index_t;
using cohort::non_finite;

constexpr double unscored = cohort::not_a_number, endless = cohort::infinity;

} // namespace

TEST_CASE("group_advantage: equal rewards are exactly 0", "[advantage][degenerate]") {
  using enum cohort::epsilon_place;
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const constant : {0.0, -0.0, 0.1, 0.2, 0.3, 0.7, 1.0 / 3, -1.1, 1e-30, 1e6 + 0.1, 1e30})
      for (auto const place : {added, inside_root, floor})
        for (double const epsilon : {0.0, 1e-9, 1e-4}) {
          bool zero = true;
          for (int n = 2; n <= 64; ++n)
            for (int const ddof : {0, 1}) {
              auto const out = cases::group_run(
                  context, std::vector<T>(static_cast<std::size_t>(2 * n), static_cast<T>(constant)),
                  {.groups = cohort::uniform_groups{n}, .ddof = ddof, .epsilon = epsilon, .epsilon_place = place});
              zero = zero && support::same_bits(out.advantage, std::vector<T>(static_cast<std::size_t>(2 * n), T(0))) &&
                     out.sums.zero_variance == 2 && out.sums.reward_std == 0;
            }
          INFO("constant " << constant << ", epsilon " << epsilon);
          CHECK(zero);
        }
  });
}

TEST_CASE("group_advantage: an exact offset changes no bit", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    int const largest = sizeof(T) == 4 ? 20 : 50;
    for (std::size_t const size : {2U, 7U, 64U}) {
      cases::random source(size);
      std::vector<T> reward(size * 10);
      for (T& x : reward) x = static_cast<T>(source.integer(-4, 4));
      cases::group_options const options{.groups = cohort::uniform_groups{static_cast<index_t>(size)}, .epsilon = 0};
      auto const plain = cases::group_run(context, reward, options);
      for (int power = 0; power <= largest; power += 5)
        for (double const sign : {-1.0, 1.0}) {
          INFO("groups of " << size << ", offset 2^" << power << ", sign " << sign);
          auto shifted = reward;
          for (T& x : shifted) x += static_cast<T>(std::ldexp(sign, power));
          CHECK(support::same_bits(cases::group_run(context, shifted, options).advantage, plain.advantage));
        }
    }
  });
}

TEST_CASE("group_advantage: a group's advantages sum to 0", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    cases::random source(3);
    std::size_t const size = 24;
    auto const out = cases::group_run(context, source.normals<T>(size * 50, 3),
                                      {.groups = cohort::uniform_groups{size}, .ddof = 0, .epsilon = 0});
    double worst = 0, unit = 0;
    for (std::size_t g = 0; g < 50; ++g) {
      double sum = 0, square = 0;
      for (std::size_t i = 0; i < size; ++i)
        sum += double(out.advantage[g * size + i]), square += std::pow(double(out.advantage[g * size + i]), 2);
      worst = std::max(worst, std::fabs(sum)), unit = std::max(unit, std::fabs(square / double(size) - 1));
    }
    CHECK(worst < 200 * support::unit_roundoff<T>);
    CHECK(unit < 40 * support::unit_roundoff<T>);
  });
}

TEST_CASE("group_advantage: all samples alone", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    std::vector<T> const reward{T(0.7), T(-3), T(0), T(5)};
    std::vector<std::int64_t> const ids{9, -9, std::int64_t{1} << 40, 0};
    auto const zero = cases::group_run(context, reward, {.groups = cohort::group_ids(ids)});
    CHECK(support::same_bits(zero.advantage, std::vector<T>(4, T(0))));
    CHECK(zero.sums.singletons == 4);
    CHECK(zero.sums.zero_variance == 0);
    auto const kept = cases::group_run(
        context, reward, {.groups = cohort::group_ids(ids), .epsilon = 0, .singleton = cohort::singleton::reward});
    CHECK(support::same_bits(kept.advantage, reward));
    cohort::group_report const seen = cohort::read(context, &kept.sums);
    CHECK(seen.groups == 4);
    CHECK(seen.singletons == 4);
    CHECK(seen.fraction_zero_variance == 0);
    CHECK(seen.reward == approx(0.675));
  });
}

TEST_CASE("group_advantage: ddof at or above the count means no deviation", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (int const ddof : {0, 1})
      for (int const n : {1, 2, 3})
        for (int usable = 0; usable <= n; ++usable) {
          INFO("ddof " << ddof << ", " << usable << " usable of " << n);
          std::vector<T> reward(static_cast<std::size_t>(n), static_cast<T>(unscored));
          for (int i = 0; i < usable; ++i) reward[static_cast<std::size_t>(i)] = static_cast<T>(i);
          auto const out = cases::group_run(
              context, reward,
              {.groups = cohort::uniform_groups{n}, .ddof = ddof, .epsilon = 0, .non_finite = non_finite::exclude});
          for (T const a : out.advantage) CHECK(std::isfinite(a));
          if (usable < 2) CHECK(support::same_bits(out.advantage, std::vector<T>(reward.size(), T(0))));
          CHECK(out.sums.excluded == n - usable);
          CHECK(out.sums.singletons == (usable == 1 ? 1 : 0));
        }
  });
}

TEST_CASE("group_advantage: a reward that is not finite touches its own group only", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    cases::random source(8);
    std::size_t const size = 5, samples = 35;
    auto const reward = source.normals<T>(samples);
    cases::group_options options{.groups = cohort::uniform_groups{size}};
    auto const clean = cases::group_run(context, reward, options).advantage;
    for (std::size_t at = 0; at < samples; ++at)
      for (double const bad : {unscored, endless, -endless}) {
        auto broken = reward;
        broken[at] = static_cast<T>(bad);
        options.non_finite = non_finite::refuse;
        auto const s = cohort::check_group_advantage<T>(context, broken, {.advantage = broken}, options);
        CHECK(s.code == cohort::error_code::non_finite);
        CHECK(s.index == static_cast<index_t>(at));
        options.non_finite = non_finite::exclude;
        auto out = cases::group_run(context, broken, options);
        CHECK(out.advantage[at] == 0);
        CHECK(out.sums.excluded == 1);
        CHECK(out.sums.refused == 0);
        CHECK(out.sums.first_excluded == static_cast<double>(at));
        std::size_t const first = at / size * size;
        auto without = broken;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(at));
        auto const offsets = cases::offsets_of<std::int64_t>(
            std::vector<int>{static_cast<int>(first), 4, static_cast<int>(samples - first - size)});
        auto const rest = cases::group_run(context, without, {.groups = cohort::group_offsets(offsets)}).advantage;
        for (std::size_t i = 0; i < samples; ++i) {
          bool const own = i / size == at / size;
          if (i != at) CHECK(support::same_bits(out.advantage[i], own ? rest[i < at ? i : i - 1] : clean[i]));
        }
      }
  });
}

TEST_CASE("group_advantage: a group that exclusion leaves alone is refused with the others of one",
          "[advantage][degenerate]") {
  support::on_every_context([](auto& context) {
    std::vector<double> const reward{1, 2, 3, NAN, 4, 5};
    std::vector<double> advantage(6, 77);
    cohort::group_advantage_options<cohort::host_space> options{.groups = cohort::uniform_groups{2},
                                                                .singleton = cohort::singleton::refuse,
                                                                .non_finite = cohort::non_finite::exclude};
    auto const s = cohort::check_group_advantage<double>(context, reward, {.advantage = advantage}, options);
    CHECK((s.code == cohort::error_code::small_group && s.index == 1));
    CHECK_THROWS_AS(cohort::group_advantage(context, reward, advantage, options), cohort::contract_error);
    CHECK(advantage == std::vector<double>(6, 77));
  });
}

TEST_CASE("group_advantage: no samples and no groups", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    std::vector<T> const none;
    std::vector<std::int32_t> const zero{0}, ids;
    std::vector<std::int32_t> const empty_groups{0, 0, 0};
    for (auto const& options :
         {cases::group_options{.groups = cohort::uniform_groups{4}},
          cases::group_options{.groups = cohort::group_offsets(zero)},
          cases::group_options{.groups = cohort::group_offsets(empty_groups), .scale = cohort::scale::batch_std},
          cases::group_options{.groups = cohort::group_ids(ids)}}) {
      auto const out = cases::group_run(context, none, options);
      CHECK(out.sums.groups == 0);
      cohort::group_report const seen = cohort::read(context, &out.sums);
      CHECK(seen.reward == 0);
      CHECK(seen.fraction_zero_variance == 0);
    }
  });
}
