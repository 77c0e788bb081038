// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Ratio levels, bounds of the log ratio, corrections and counts times a constant: against the definition in long
/// double, and against central differences.
#include <limits>

#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/loss_oracle.hpp>

namespace {

using cohort::ratio_level;

constexpr ratio_level levels[] = {ratio_level::token, ratio_level::sequence, ratio_level::sequence_token,
                                  ratio_level::sequence_product};
constexpr cohort::log_ratio_bounds all_bounds[] = {{}, {.low = -0.3, .high = 0.25}, {.high = 0.1}};
constexpr cohort::ppo_clip clip{0.2, 0.28};

} // namespace

TEST_CASE("policy_loss: every level, bound and correction against the definition", "[objective][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const plain = cases::random_batch<T>(21, {.rows = 12, .longest = 30});
    for (auto const& b : {plain, cases::corrected(plain, 22)})
      for (auto const level : levels)
        for (auto const& bounds : all_bounds) {
          cohort::policy_loss_options const options{cohort::by_sequence_means(), level, bounds};
          INFO("level " << int(level) << ", bounds " << bounds.low << " " << bounds.high);
          auto const f = cohort::objective(clip, cohort::k3{0.3});
          auto const out = cases::run_packed(context, b, f, options);
          auto const expected = cases::loss_oracle(b, f, options);
          cases::check_report<T>(context, out.sums, expected);
          cases::check_seed(out.seed, expected);
        }
  });
}

TEST_CASE("policy_loss: the gradient through a sequence's ratio is that of the loss", "[objective][gradient]") {
  constexpr double step = 1e-6;
  support::on_every_context([&](auto& context) {
    auto const b = cases::corrected(cases::random_batch<double>(23, {.rows = 5, .longest = 5}), 24);
    for (auto const level : {ratio_level::token, ratio_level::sequence, ratio_level::sequence_product}) {
      cohort::policy_loss_options const options{cohort::by_sequence_means(), level, {.low = -0.35, .high = 0.4}};
      auto const f = cohort::objective(cohort::ppo_clip{1, 1e6}, cohort::k2{0.3}); // one kink less: nothing clips
      auto const out = cases::run_packed(context, b, f, options);
      double worst = 0;
      for (std::size_t i = 0; i < b.tokens(); ++i) {
        auto up = b, down = b;
        up.log_prob[i] += step, down.log_prob[i] -= step;
        double const slope = (cases::run_packed(context, up, f, options).sums.loss -
                              cases::run_packed(context, down, f, options).sums.loss) /
                             (2 * step);
        worst = std::max(worst, std::fabs(slope - out.seed[i]));
      }
      INFO("level " << int(level));
      CHECK(worst < 1e-8);
    }
  });
}

TEST_CASE("policy_loss: GSPO and GSPO-token agree where a sequence has one advantage", "[objective]") {
  support::on_every_context([](auto& context) {
    auto const b = cases::random_batch<double>(25, {.rows = 9, .longest = 12, .per_sequence = true});
    auto const f = cohort::objective(clip, cohort::k3{0.04});
    auto const through = cases::run_packed(context, b, f, {cohort::by_tokens(), ratio_level::sequence});
    auto const own = cases::run_packed(context, b, f, {cohort::by_tokens(), ratio_level::sequence_token});
    for (std::size_t i = 0; i < b.tokens(); ++i) CHECK(own.seed[i] == approx(through.seed[i]).epsilon(1e-14));
    CHECK(own.sums.loss == through.sums.loss);
  });
}

TEST_CASE("policy_loss: a correction of one changes no bit, of zero leaves the penalty alone", "[objective]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const plain = cases::random_batch<T>(26, {.rows = 9, .longest = 40});
    auto const f = cohort::objective(clip, cohort::k3{0.3});
    cohort::policy_loss_options const options{cohort::by_tokens()};
    auto b = plain;
    b.correction.assign(b.tokens(), T(1));
    auto const one = cases::run_packed(context, b, f, options), none = cases::run_packed(context, plain, f, options);
    CHECK(support::same_bits(one.seed, none.seed));
    CHECK(support::same_bits(one.sums, none.sums));
    b.correction.assign(b.tokens(), T(0));
    auto const zero = cases::run_packed(context, b, f, options);
    CHECK(zero.sums.loss == approx(0.3 * zero.sums.kl / zero.sums.tokens).epsilon(1e-5));
    CHECK(zero.sums.kl == none.sums.kl);
  });
}

TEST_CASE("policy_loss: bounds that nothing reaches change no bit", "[objective]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(27, {.rows = 9, .longest = 40});
    auto const f = cohort::objective(clip, cohort::k3{0.3});
    for (auto const level : levels) {
      auto const bounded = cases::run_packed(context, b, f, {cohort::by_tokens(), level, {-200, 200}});
      auto const free = cases::run_packed(context, b, f, {cohort::by_tokens(), level});
      CHECK(support::same_bits(bounded.seed, free.seed));
      CHECK(support::same_bits(bounded.sums, free.sums));
    }
  });
}

TEST_CASE("policy_loss: corrections and levels in every layout, with poison under the mask", "[objective][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::corrected(cases::random_batch<T>(28, {.rows = 9, .longest = 40}), 29);
    auto const f = cohort::objective(clip, cohort::k3{0.3});
    for (auto const level : levels) {
      cohort::policy_loss_options const options{cohort::by_tokens(), level, {.low = -0.3}};
      auto const packed = cases::run_packed(context, b, f, options);
      for (auto const& shape : {cases::rectangle{b.longest()}, cases::rectangle{b.longest() + 13, true, 2}}) {
        auto const padded = cases::run_padded(context, b, shape, f, options);
        CHECK(support::same_bits(padded.seed, packed.seed));
        CHECK(support::same_bits(padded.sums.kl, packed.sums.kl));
        CHECK(padded.sums.loss == approx(packed.sums.loss).epsilon(1e-6));
        CHECK(padded.padding_is_zero);
      }
    }
  });
}

TEST_CASE("normalizer: times multiplies a given count and an own one", "[objective][normalizer]") {
  support::on_every_context([](auto& context) {
    auto const b = cases::random_batch<double>(30, {.rows = 9, .longest = 40});
    auto const f = cohort::objective(clip);
    auto const once = [&](cohort::normalizer const& by) { return cases::run_packed(context, b, f, {by}).sums.loss; };
    CHECK(once(cohort::by_tokens().times(4)) == approx(once(cohort::by_tokens()) / 4).epsilon(1e-15));
    CHECK(once(cohort::by_tokens(25).times(4)) == once(cohort::by_tokens(100)));
    CHECK(once(cohort::by_sequence_means().times(2).times(3)) == once(cohort::by_sequence_means().times(6)));
    CHECK(once(cohort::by_constant(5).times(0.5)) == once(cohort::by_constant(2.5)));
    CHECK(once(cohort::by_sequences().times(9)) == approx(once(cohort::by_sequences()) / 9).epsilon(1e-15));
  });
}

TEST_CASE("policy_loss: bad bounds and factors are named", "[objective][contract]") {
  support::on_every_context([](auto& context) {
    auto const b = cases::random_batch<double>(31, {.rows = 2, .longest = 4});
    auto const f = cohort::objective(clip);
    auto const fails = [&](cohort::policy_loss_options const& options, std::string const& argument) {
      CHECK_THROWS_WITH(cases::run_packed(context, b, f, options),
                        ContainsSubstring("policy_loss") && ContainsSubstring(argument));
    };
    fails({cohort::by_tokens(), ratio_level::token, {.low = 0.5}}, "log_ratio.low");
    fails({cohort::by_tokens(), ratio_level::token, {.low = cohort::not_a_number}}, "log_ratio.low");
    fails({cohort::by_tokens(), ratio_level::token, {.high = -1}}, "log_ratio.high");
    for (double const factor : {0.0, -1.0, cohort::infinity, cohort::not_a_number})
      fails({cohort::by_tokens().times(factor)}, "normalizer");
    auto short_correction = b;
    short_correction.correction.assign(b.tokens() + 1, 1);
    CHECK_THROWS_WITH(cases::run_packed(context, short_correction, f, {cohort::by_tokens()}),
                      ContainsSubstring("correction"));
  });
}
