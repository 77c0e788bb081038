// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Worked examples L4 to L7 and L24: dual clip, the two-sided clip, a product of ratios, GSPO-token and the corrected
/// k3, as losses with their gradients. Fixture F: ratios 1.5, 1, 0.5 and 1.3, 4, advantages +1 and -1.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>
#include <cohort/formula/dual_clip.hpp>
#include <cohort/formula/ratio_corrected.hpp>
#include <cohort/formula/two_sided_clip.hpp>

namespace {

using cohort::by_sequence_means;
using cohort::by_tokens;
using cohort::ratio_level;

template <class T>
cases::token_batch<T> fixture() {
  std::vector<double> const old{-1, -2, -0.5, -1.5, -3}, ratio{1.5, 1, 0.5, 1.3, 4};
  cases::token_batch<T> b;
  b.length = {3, 2};
  for (std::size_t i = 0; i < old.size(); ++i) b.log_prob.push_back(static_cast<T>(old[i] + std::log(ratio[i])));
  b.old_log_prob = cases::in<T>(old);
  b.ref_log_prob = cases::in<T>({-1.2, -1.9, -1, -1, -2.5});
  b.advantage = cases::in<T>({1, 1, 1, -1, -1});
  b.mask.assign(old.size(), 1);
  return b;
}

struct expected {
  cohort::policy_loss_options options;
  double loss;
  std::vector<double> seed;
};

/// On every context, in both types; six decimals are printed.
template <class Objective>
void check(Objective const& f, std::vector<expected> const& all) {
  cases::in_both_types([&]<class T>(auto& context, T) {
    for (auto const& e : all) {
      auto const out = cases::run_packed(context, fixture<T>(), f, e.options);
      CHECK(std::fabs(out.sums.loss - e.loss) < 1e-6);
      CHECK(cases::distance(out.seed, e.seed) < 1e-6);
    }
  });
}

} // namespace

TEST_CASE("golden L4 and L4b: dual clip", "[objective][golden]") {
  check(engines::run_time_objective(cohort::dual_clip{0.2, 0.2, 3}),
        {{{by_tokens()}, 0.32, {0, -0.2, -0.1, 0.26, 0}},
         {{by_sequence_means()}, 0.625, {0, -0.166667, -0.083333, 0.325, 0}}});
  check(engines::run_time_objective(cohort::dual_clip{0.2, 0.2, 1.4}),
        {{{by_tokens()}, 0, {0, -0.2, -0.1, 0.26, 0}},
         {{by_sequence_means()}, 0.225, {0, -0.166667, -0.083333, 0.325, 0}}});
}

TEST_CASE("golden L5: two-sided clip, delta 2", "[objective][golden]") {
  check(engines::run_time_objective(cohort::two_sided_clip{0.2, 0.2, 2}),
        {{{by_tokens()}, 0.12, {0, -0.2, -0.1, 0.26, 0}},
         {{by_sequence_means()}, 0.375, {0, -0.166667, -0.083333, 0.325, 0}}});
}

TEST_CASE("golden L6d and L7: the product of a sequence's ratios, and GSPO-token", "[objective][golden]") {
  check(cohort::objective(cohort::ppo_clip{0.2, 0.2}),
        {{{by_sequence_means(), ratio_level::sequence_product}, 2.225, {-0.375, -0.375, -0.375, 2.6, 2.6}},
         {{by_sequence_means(), ratio_level::sequence_token},
          0.685895,
          {-0.151427, -0.151427, -0.151427, 0.570088, 0.570088}}});
}

TEST_CASE("golden L24: PPO with k3 weighted by the ratio and its gradient", "[objective][golden]") {
  check(engines::run_time_objective(cohort::ppo_clip{0.2, 0.2}, cohort::ratio_corrected<cohort::k3>{0.04}),
        {{{by_tokens()}, 0.531806, {0.007266, -0.2008, -0.100773, 0.257529, 0.828361}},
         {{by_sequence_means()}, 0.888951, {0.006055, -0.167333, -0.083977, 0.321911, 1.035452}}});
}
