// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Groups are identities: an order of the samples orders the advantages and changes no bit of them.
#include <cases/contexts.hpp>
#include <cases/groups.hpp>

namespace {

struct sample {
  std::vector<std::int64_t> ids;
  std::vector<double> reward;
};

/// Exponents far apart, within a group too.
sample wild_sample(cases::random& source, int groups) {
  sample s{cases::ragged_ids(source, groups, 8), {}};
  for (std::size_t i = 0; i < s.ids.size(); ++i) s.reward.push_back(source.normal() * std::exp(8 * source.normal()));
  return s;
}

/// The reports of two orders of the same samples: counts alike, sums over groups too where groups keep their order.
void check_permuted(auto& context, sample const& s, std::vector<std::size_t> const& order,
                    cases::group_options options) {
  auto const ids = cases::taken(s.ids, order);
  auto const first = cases::group_run(context, s.reward, options);
  options.groups = cohort::group_ids(ids);
  auto const second = cases::group_run(context, cases::taken(s.reward, order), options);
  CHECK(support::same_bits(second.advantage, cases::taken(first.advantage, order)));
  CHECK(first.sums.groups == second.sums.groups);
  CHECK(first.sums.zero_variance == second.sums.zero_variance);
  CHECK(first.sums.singletons == second.sums.singletons);
}

} // namespace

TEST_CASE("group_advantage: permuting a whole batch permutes the advantages bit for bit", "[advantage][permutation]") {
  support::on_every_context([](auto& context) {
    for (int const groups : {400, 2000}) {
      cases::random source(static_cast<std::uint64_t>(groups));
      auto const s = wild_sample(source, groups);
      auto const order = cases::permutation(source, s.ids.size());
      for (auto const scale : {cohort::scale::none, cohort::scale::group_std, cohort::scale::batch_std})
        check_permuted(context, s, order, {.groups = cohort::group_ids(s.ids), .scale = scale, .epsilon = 0});
      check_permuted(context, s, order,
                     {.groups = cohort::group_ids(s.ids), .baseline = cohort::baseline::leave_one_out, .ddof = 0});
    }
  });
}

TEST_CASE("group_advantage: 20,000 groups, permuted within themselves", "[advantage][permutation]") {
  constexpr int size = 16, groups = 20000;
  cases::random source(16);
  std::vector<double> reward;
  std::vector<std::size_t> order;
  for (std::size_t g = 0; g < groups; ++g) {
    auto const inner = cases::permutation(source, size);
    for (std::size_t const i : inner) {
      reward.push_back(source.normal() * std::exp(8 * source.normal()));
      order.push_back(g * size + i);
    }
  }
  auto const permuted = cases::taken(reward, order);
  auto const check = [&](auto& context) {
    auto const options = cases::group_options{.groups = cohort::uniform_groups{size}, .epsilon = 0};
    auto const first = cases::group_run(context, reward, options),
               second = cases::group_run(context, permuted, options);
    CHECK(support::same_bits(second.advantage, cases::taken(first.advantage, order)));
    CHECK(support::same_bits(first.sums.reward_std, second.sums.reward_std));
    CHECK(first.sums.groups == groups);
  };
  support::on_reference_context(check);
  support::on_eigen_contexts(check);
}

TEST_CASE("group_advantage: more than 2^20 rewards under one deviation", "[advantage][permutation]") {
  constexpr std::size_t n = (std::size_t{1} << 20) + 3 * 1024;
  cases::random source(20);
  std::vector<double> reward(n);
  for (double& x : reward) x = source.uniform(-1, 1) * std::exp(6 * source.uniform(-1, 1));
  std::vector<std::size_t> reversed(n);
  for (std::size_t i = 0; i < n; ++i) reversed[i] = n - 1 - i;
  auto const backward = cases::taken(reward, reversed);
  long double mean = 0, square = 0;
  for (double const x : reward) mean += static_cast<long double>(x) / n;
  for (double const x : reward) square += (static_cast<long double>(x) - mean) * (static_cast<long double>(x) - mean);
  auto const check = [&](auto& context) {
    cases::group_options const options{
        .groups = cohort::uniform_groups{1024}, .scale = cohort::scale::batch_std, .epsilon = 0};
    auto const first = cases::group_run(context, reward, options),
               second = cases::group_run(context, backward, options);
    CHECK(support::same_bits(second.advantage, cases::taken(first.advantage, reversed)));
    auto const plain =
        cases::group_run(context, reward, {.groups = cohort::uniform_groups{1024}, .scale = cohort::scale::none});
    double const deviation = plain.advantage[5] / first.advantage[5];
    CHECK(deviation == approx(static_cast<double>(std::sqrt(square / (n - 1)))).epsilon(1e-13));
  };
  support::on_reference_context(check);
  support::on_eigen_contexts(check);
}
