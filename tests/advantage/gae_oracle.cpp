// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Generalised advantages against hand-checked numbers and the definition, with holes, ends of episodes and bootstraps.
#include <cases/contexts.hpp>
#include <cases/rewards.hpp>

namespace {

using cases::reward_batch;
using vector = std::vector<double>;

/// The largest error in units of 4 u min(longest, 1 / (1 - gamma lambda)) largest |delta|.
template <class T>
double excess(cases::recursion<T> const& found, reward_batch<T> const& b, int longest, double gamma, double lambda) {
  long double largest = 0;
  auto const expected = cases::recursion_oracle(b, gamma, lambda, largest);
  double const reach = gamma * lambda < 1 ? std::fmin(longest, 1 / (1 - gamma * lambda)) : longest;
  double const error =
      std::fmax(cases::distance(found.advantage, expected.advantage), cases::distance(found.returns, expected.returns));
  return error / (4 * support::unit_roundoff<T> * reach * static_cast<double>(largest));
}

template <class T>
cases::recursion<T> small(auto& context, vector const& reward, vector const& value, std::vector<std::uint8_t> mask,
                          double lambda) {
  reward_batch<T> const b{{static_cast<int>(reward.size())},
                          cases::in<T>(reward),
                          cases::in<T>(value),
                          mask,
                          std::vector<std::uint8_t>(reward.size(), 0),
                          {T(0)}};
  return cases::run_gae(context, b, {.gamma = 1, .lambda = lambda});
}

} // namespace

TEST_CASE("gae: three tokens by hand", "[advantage][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    double const u = 8 * support::unit_roundoff<T>;
    auto const out = small<T>(context, {0, 0, 1}, {.5, .4, .6}, {1, 1, 1}, 0.95);
    CHECK(cases::distance(out.advantage, vector{0.451, 0.58, 0.4}) < u);
    CHECK(cases::distance(out.returns, vector{0.951, 0.98, 1}) < u);
    CHECK(out.counts.tokens == 3);
    auto const sums = small<T>(context, {0, 0, 1}, {.5, .4, .6}, {1, 1, 1}, 1);
    CHECK(cases::distance(sums.advantage, vector{0.5, 0.6, 0.4}) < u);
    // An observation in between: skipped, neither discounted nor looked at.
    for (double const junk : {9.0, static_cast<double>(NAN)}) {
      auto const hole = small<T>(context, {0, junk, 0, 1}, {.5, junk, .4, .6}, {1, 0, 1, 1}, 0.95);
      CHECK(cases::distance(hole.advantage, vector{0.451, 0, 0.58, 0.4}) < u);
      CHECK(cases::distance(hole.returns, vector{0.951, 0, 0.98, 1}) < u);
      CHECK(hole.counts.tokens == 3);
      CHECK(hole.counts.bad_slots == 0);
    }
  });
}

TEST_CASE("gae: one and two tokens in closed form", "[advantage][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    double const g = 0.5, l = 0.25; // exact
    for (int const done : {0, 1}) {
      reward_batch<T> b{{1, 2}, {1, 2, 3}, {4, 5, 6}, {1, 1, 1}, {0, 0, 0}, {8, 16}};
      b.done[2] = static_cast<std::uint8_t>(done);
      auto const out = cases::run_gae(context, b, {g, l});
      double const last = 3 + (done ? 0 : g * 16) - 6;
      CHECK(cases::distance(out.advantage, vector{1 + g * 8 - 4, 2 + g * 6 - 5 + g * l * last, last}) == 0);
    }
  });
}

TEST_CASE("gae: random batches against the definition", "[advantage][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (int const longest : {40, 700}) {
      auto const b = cases::random_rewards<T>(static_cast<std::uint64_t>(longest), 19, longest);
      for (auto const& [gamma, lambda] :
           {std::pair{1.0, 1.0}, {1.0, 0.95}, {0.99, 1.0}, {0.98, 0.93}, {0.5, 0.5}, {0.0, 1.0}, {1.0, 0.0}}) {
        INFO("longest " << longest << ", gamma " << gamma << ", lambda " << lambda);
        auto const out = cases::run_gae(context, b, {gamma, lambda});
        CHECK(excess(out, b, longest, gamma, lambda) <= 1);
        double valid = 0;
        for (std::size_t i = 0; i < b.tokens(); ++i)
          if (b.mask[i])
            ++valid;
          else
            CHECK((support::same_bits(out.advantage[i], T(0)) && support::same_bits(out.returns[i], T(0))));
        CHECK(out.counts.tokens == valid);
      }
    }
  });
}

TEST_CASE("gae: long chains in float stay within a rounding", "[advantage][oracle]") {
  support::on_every_context([](auto& context) {
    auto const b = cases::random_rewards<float>(5, 3, 20000, 0.1);
    long double largest = 0;
    auto const expected = cases::recursion_oracle(b, 1, 1, largest);
    auto const out = cases::run_gae(context, b, {});
    double worst = 0;
    for (std::size_t i = 0; i < b.tokens(); ++i)
      worst = std::fmax(worst, support::ulp_error(out.advantage[i], expected.advantage[i]));
    CHECK(worst < 0.51);
  });
}

TEST_CASE("gae: nothing to do", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (reward_batch<T> const& b : {reward_batch<T>{}, reward_batch<T>{{0, 0}, {}, {}, {}, {}, {1, 1}},
                                     reward_batch<T>{{2}, {NAN, NAN}, {NAN, NAN}, {0, 0}, {1, 0}, {NAN}}}) {
      auto const out = cases::run_gae(context, b, {});
      CHECK(support::same_bits(out.advantage, std::vector<T>(b.tokens(), T(0))));
      CHECK(support::same_bits(out.returns, std::vector<T>(b.tokens(), T(0))));
      cohort::token_report const seen = cohort::read(context, &out.counts);
      CHECK(seen.tokens == 0);
    }
  });
}
