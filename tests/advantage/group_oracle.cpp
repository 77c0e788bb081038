// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Group advantages and statistics of random ragged groups against the definition in long double.
#include <cases/contexts.hpp>
#include <cases/groups.hpp>

namespace {

using cases::group_options;
using cohort::index_t;

struct sample {
  std::vector<std::int64_t> ids;
  std::vector<double> reward;
};

/// Some groups are constant, some have one sample, some rewards are not finite.
sample random_sample(cases::random& source, double offset, double excluded) {
  sample s{cases::ragged_ids(source, 40, 9), {}};
  for (auto const id : s.ids) {
    double const quantum = id % 3 == 0 ? 1 : 0.01;
    double const value = id % 7 == 0 ? 0.3 : std::floor(source.normal() / quantum) * quantum;
    bool const bad = cases::chance(source, excluded);
    s.reward.push_back(bad ? static_cast<double>(cases::chance(source, 0.5) ? NAN : -INFINITY) : offset + value);
  }
  return s;
}

template <class T>
void check_advantages(std::vector<T> const& found, cases::group_expectation const& e) {
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto const error = std::fabs(static_cast<long double>(found[i]) - e.advantage[i]);
    auto const allowed = 32 * 0x1p-53L * e.tolerance[i] +
                         static_cast<long double>(support::unit_roundoff<T>) * std::fabs(e.advantage[i]);
    if (!(error <= allowed)) worst = std::max(worst, static_cast<double>(error / (allowed + 1e-300L)));
  }
  CHECK(worst == 0); // the error over what is allowed, where it is more
}

void check_sums(cohort::group_sums const& s, cases::group_expectation const& e) {
  CHECK(s.groups == static_cast<double>(e.groups));
  CHECK(s.zero_variance == static_cast<double>(e.zero_variance));
  CHECK(s.singletons == static_cast<double>(e.singletons));
  CHECK(s.samples == static_cast<double>(e.samples));
  CHECK(s.excluded == static_cast<double>(e.excluded));
  CHECK(s.refused == 0);
  CHECK(s.reward == approx(static_cast<double>(e.reward)).epsilon(1e-9));
  CHECK(s.reward_std == approx(static_cast<double>(e.std)).epsilon(1e-9));
}

/// Every combination of conventions.
template <class F>
void for_each_convention(group_options options, F const& f) {
  using enum cohort::epsilon_place;
  for (auto const baseline : {cohort::baseline::mean, cohort::baseline::leave_one_out})
    for (auto const scale : {cohort::scale::none, cohort::scale::group_std, cohort::scale::batch_std})
      for (auto const place : {added, inside_root, floor})
        for (auto const single : {cohort::singleton::zero, cohort::singleton::reward}) {
          options.baseline = baseline, options.scale = scale, options.epsilon_place = place, options.singleton = single;
          INFO("baseline " << int(baseline) << " scale " << int(scale) << " place " << int(place) << " singleton "
                           << int(single));
          f(options);
        }
}

} // namespace

TEST_CASE("group_advantage: every convention against the definition", "[advantage][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (std::uint64_t const seed : {1U, 2U, 3U}) {
      INFO("seed " << seed);
      cases::random source(seed);
      auto const s = random_sample(source, seed == 2 ? 1000 : 0, seed == 3 ? 0.2 : 0);
      auto const reward = cases::in<T>(s.reward);
      for (int const ddof : {0, 1})
        for_each_convention({.groups = cohort::group_ids(s.ids),
                             .ddof = ddof,
                             .epsilon = ddof == 0 ? 1e-4 : 0.25,
                             .non_finite = cohort::non_finite::exclude},
                            [&](group_options const& options) {
                              auto const out = cases::group_run(context, reward, options);
                              auto const expected = cases::group_oracle(reward, s.ids, options);
                              check_advantages(out.advantage, expected);
                              check_sums(out.sums, expected);
                            });
    }
  });
}

TEST_CASE("group_advantage: uniform, offset and id groups of the same samples agree bit for bit",
          "[advantage][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (int const size : {1, 2, 3, 8, 33, 64, 65, 300}) {
      INFO("groups of " << size);
      cases::random source(static_cast<std::uint64_t>(size));
      std::vector<int> const sizes(21, size);
      auto const offsets = cases::offsets_of<std::int32_t>(sizes);
      std::vector<std::int32_t> ids;
      for (int g = 0; g < 21; ++g) ids.insert(ids.end(), static_cast<std::size_t>(size), 100 - 7 * g);
      auto reward = source.normals<T>(ids.size());
      reward[0] = static_cast<T>(NAN);
      auto const keep = cohort::non_finite::exclude;
      auto const uniform =
          cases::group_run(context, reward, {.groups = cohort::uniform_groups{size}, .non_finite = keep});
      auto const ragged =
          cases::group_run(context, reward, {.groups = cohort::group_offsets(offsets), .non_finite = keep});
      auto const named = cases::group_run(context, reward, {.groups = cohort::group_ids(ids), .non_finite = keep});
      CHECK(support::same_bits(uniform.advantage, ragged.advantage));
      CHECK(support::same_bits(uniform.advantage, named.advantage));
      CHECK(uniform.sums.first_excluded == 0);
      CHECK(ragged.sums.excluded == 1);
      CHECK(named.sums.first_excluded == 0);
    }
  });
}

TEST_CASE("group_advantage: every context and thread count gives the same bits", "[advantage][oracle]") {
  cases::random source(5);
  auto const s = random_sample(source, 0, 0.1);
  for (auto const scale : {cohort::scale::none, cohort::scale::group_std, cohort::scale::batch_std}) {
    auto const all = cases::outcomes([&](auto& context) {
      return cases::group_run(
          context, s.reward,
          {.groups = cohort::group_ids(s.ids), .scale = scale, .non_finite = cohort::non_finite::exclude});
    });
    for (auto const& each : all) {
      CHECK(support::same_bits(each.advantage, all[0].advantage));
      CHECK(each.sums.first_excluded == all[0].sums.first_excluded);
    }
    for (std::size_t i = cases::first_eigen; i < all.size(); ++i)
      CHECK(support::same_bits(all[i].sums, all[cases::first_eigen].sums));
  }
}

TEST_CASE("group_statistics: slots in ascending order of ids against the definition", "[advantage][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    cases::random source(11);
    auto const s = random_sample(source, 3, 0.1);
    auto const reward = cases::in<T>(s.reward);
    auto const n = reward.size();
    std::vector<double> mean(n, 9), std(n, 9), low(n, 9), high(n, 9);
    std::vector<index_t> count(n, 9);
    std::vector<std::uint8_t> zero(n, 9);
    cohort::group_sums sums;
    cohort::group_statistics<T>(
        context, reward,
        {.count = count, .mean = mean, .std = std, .min = low, .max = high, .zero_variance = zero, .report = &sums},
        {.groups = cohort::group_ids(s.ids), .non_finite = cohort::non_finite::exclude});
    std::size_t g = 0;
    for (auto const& [id, members] : cases::members_of<T>(s.ids)) {
      auto const m = cases::oracle_moments_of(reward, members);
      INFO("group " << g << " of " << m.count);
      CHECK(count[g] == static_cast<index_t>(m.count));
      CHECK(static_cast<int>(zero[g]) == static_cast<int>(m.count > 1 && !(m.low < m.high)));
      if (m.count == 0) {
        CHECK(std::isnan(mean[g]));
      } else {
        CHECK(std::fabs(mean[g] - static_cast<double>(m.mean)) <= 1e-15 * (1 + std::fabs(mean[g])));
        CHECK(std::fabs(std[g] - static_cast<double>(std::sqrt(m.variance(1)))) <= 1e-13);
        CHECK(low[g] == static_cast<double>(m.low));
        CHECK(high[g] == static_cast<double>(m.high));
      }
      ++g;
    }
    for (; g < n; ++g) CHECK(count[g] == 0);
    check_sums(sums, cases::group_oracle(reward, s.ids, {.groups = cohort::group_ids(s.ids)}));
  });
}
