// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// d_log_prob is the derivative of the loss that the same call reports: central differences in double.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>
#include <support/dual.hpp>

namespace {

using cohort::ratio_level;

constexpr double step = 1e-5;

double loss_at(auto& context, cases::token_batch<double> b, std::size_t i, double by, auto const& f,
               auto const& options) {
  b.log_prob[i] += by;
  return cases::run_packed(context, b, f, options).sums.loss;
}

/// No ratio, of a token or of a sequence, within 1e-3 of a bound.
bool clear_of_kinks(cases::token_batch<double> const& b, cohort::ppo_clip const& clip) {
  auto const clear = [&](double log_ratio) {
    double const ratio = std::exp(log_ratio);
    return std::fabs(ratio - 1 + clip.low) > 1e-3 && std::fabs(ratio - 1 - clip.high) > 1e-3;
  };
  auto const first = b.offsets();
  for (std::size_t r = 0; r < b.rows(); ++r) {
    double sum = 0, n = 0;
    for (auto i = static_cast<std::size_t>(first[r]); i < static_cast<std::size_t>(first[r + 1]); ++i) {
      if (!b.mask[i]) continue;
      if (!clear(b.log_prob[i] - b.old_log_prob[i])) return false;
      sum += b.log_prob[i] - b.old_log_prob[i], n += 1;
    }
    if (n > 0 && !clear(sum / n)) return false;
  }
  return true;
}

} // namespace

TEST_CASE("policy_loss: gradient against central differences", "[objective][gradient]") {
  cohort::ppo_clip const clip{0.2, 0.28};
  support::on_every_context([&](auto& context) {
    int compared = 0, moved = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      auto const b = cases::random_batch<double>(seed, {.rows = 4, .longest = 6});
      if (!clear_of_kinks(b, clip)) continue;
      for (auto const level : {ratio_level::token, ratio_level::sequence})
        for (cohort::normalizer const& by :
             {cohort::normalizer(cohort::by_tokens()), cohort::normalizer(cohort::by_sequence_means()),
              cohort::normalizer(cohort::by_sequences(3)), cohort::normalizer(cohort::by_constant(7))})
          cases::for_each_objective(clip, 0.3, [&](auto const& f) {
            cohort::policy_loss_options const options{by, level};
            auto const out = cases::run_packed(context, b, f, options);
            double worst = 0;
            for (std::size_t i = 0; i < b.tokens(); ++i) {
              double const slope =
                  (loss_at(context, b, i, step, f, options) - loss_at(context, b, i, -step, f, options)) / (2 * step);
              worst = std::max(worst, std::fabs(slope - out.seed[i]));
              ++compared, moved += std::fabs(out.seed[i]) > 1e-3;
            }
            INFO("seed " << seed << ", level " << int(level) << ", normaliser " << int(by.kind));
            CHECK(worst < 1e-8);
          });
    }
    CHECK(compared > 500);
    CHECK(moved > compared / 3);
  });
}

TEST_CASE("policy_loss: gradient against the dual number of each token's loss", "[objective][gradient]") {
  auto const b = cases::random_batch<double>(13, {.rows = 30, .longest = 40});
  support::on_every_context([&](auto& context) {
    cases::for_each_objective({0.2, 0.28}, 0.3, [&](auto const& f) {
      using support::dual;
      auto const out = cases::run_packed(context, b, f, {cohort::by_constant(4)});
      double worst = 0;
      for (std::size_t i = 0; i < b.tokens(); ++i) {
        if (!b.mask[i]) continue;
        auto const now = dual::variable(b.log_prob[i]);
        dual const loss = f.surrogate(lane_exp(now - dual(b.old_log_prob[i])), dual(b.advantage[i])).value +
                          dual(f.kl.beta) * f.kl(now, dual(b.ref_log_prob[i])).value;
        worst = std::max(worst, std::fabs(loss.slope / 4 - out.seed[i]));
      }
      CHECK(worst < 1e-14);
    });
  });
}
