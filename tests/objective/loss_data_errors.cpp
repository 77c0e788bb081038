// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Values per token that are not finite: ratio 0 is legal, undefined ones get gradient 0, are excluded and counted.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>

namespace {

constexpr double endless = cohort::infinity, undefined = cohort::not_a_number;

/// Three tokens, the middle one under test.
template <class T>
cases::token_batch<T> around(double log_prob, double old, double ref, double advantage) {
  return {{3},
          cases::in<T>({-1, log_prob, -2}),
          cases::in<T>({-1.1, old, -2.2}),
          cases::in<T>({-1.05, ref, -2.1}),
          cases::in<T>({1, advantage, -1}),
          {1, 1, 1}};
}

template <class T>
void check_excluded(auto& context, cases::loss_outcome<T> const& out, cohort::index_t at) {
  CHECK(support::same_bits(out.seed[static_cast<std::size_t>(at)], T(0)));
  CHECK(out.sums.bad_slots == 1);
  CHECK(out.sums.first_bad_slot == static_cast<double>(at));
  CHECK(out.sums.tokens == 2);
  CHECK_THROWS_AS(cohort::read(context, &out.sums), cohort::data_error);
  cohort::loss_report const seen = cohort::read(context, &out.sums, cohort::on_data_error::accept);
  CHECK(seen.bad_slots == 1);
  CHECK(seen.first_bad_slot == at);
  for (double const x : {seen.loss, seen.kl, seen.approx_kl, seen.ratio_mean, seen.ratio_min, seen.ratio_max})
    CHECK(std::isfinite(x));
}

/// A legal token: finite gradient, counted among the tokens.
template <class T>
void check_kept(auto& context, cases::loss_outcome<T> const& out) {
  CHECK(std::isfinite(out.seed[1]));
  CHECK(std::isfinite(out.sums.loss));
  CHECK(cohort::read(context, &out.sums).tokens == 3);
}

} // namespace

TEST_CASE("policy_loss: finite, infinite and NaN log-probs", "[objective][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const f = cohort::objective(cohort::ppo_clip{});
    for (double const now : {-1.5, -endless, endless, undefined})
      for (double const old : {-1.5, -endless, endless, undefined})
        for (double const advantage : {-1.0, 0.0, 1.0})
          for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence}) {
            INFO("log_prob " << now << ", old " << old << ", advantage " << advantage << ", level " << int(level));
            auto const out =
                cases::run_packed(context, around<T>(now, old, -1, advantage), f, {cohort::by_constant(1), level});
            bool const defined = std::isfinite(old) && now < endless; // NaN is not below
            if (!defined) {
              check_excluded(context, out, 1);
              continue;
            }
            check_kept(context, out);
            if (now == -endless) {
              CHECK(out.sums.ratio_min == 0);
              CHECK(out.seed[1] == 0);
            }
          }
  });
}

TEST_CASE("policy_loss: an infinite or NaN reference or advantage", "[objective][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const bad : {undefined, endless, -endless}) {
      for (auto const& by :
           {cohort::normalizer(cohort::by_tokens()), cohort::normalizer(cohort::by_sequence_means())}) {
        cases::for_each_objective({}, 0.1, [&](auto const& f) {
          INFO("value " << bad << ", penalised " << (f.kl.beta != 0));
          check_excluded(context, cases::run_packed(context, around<T>(-1, -1.5, -1, bad), f, {by}), 1);
          auto const reference = cases::run_packed(context, around<T>(-1, -1.5, bad, 1), f, {by});
          if (f.kl.beta != 0)
            check_excluded(context, reference, 1);
          else
            check_kept(context, reference);
        });
      }
    }
  });
}

TEST_CASE("policy_loss: ratios at the ends of the range", "[objective][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const f = cohort::objective(cohort::ppo_clip{});
    for (double const log_ratio : {-800.0, -100.0, -20.0, 0.0, 20.0, 100.0, 800.0})
      for (double const advantage : {-1.0, 0.0, 1.0}) {
        INFO("log ratio " << log_ratio << ", advantage " << advantage);
        auto const out =
            cases::run_packed(context, around<T>(log_ratio - 1, -1, -1, advantage), f, {cohort::by_constant(1)});
        double const largest = std::log(static_cast<double>(std::numeric_limits<T>::max()));
        if (log_ratio > largest && advantage < 0) { // on the reference too, which computes in double
          check_excluded(context, out, 1);
          continue;
        }
        check_kept(context, out);
        if (advantage == 0 || (advantage > 0 && log_ratio > 1)) CHECK(out.seed[1] == 0);
        if (advantage < 0 && log_ratio < -1) CHECK(out.seed[1] == 0);
        if (advantage > 0 && log_ratio < 1)
          CHECK(out.seed[1] == approx(-std::exp(log_ratio)).epsilon(1e-5).margin(1e-37));
        if (advantage < 0 && log_ratio > -1) CHECK(out.seed[1] == approx(std::exp(log_ratio)).epsilon(1e-5));
        CHECK(out.sums.clipped_high == (advantage > 0 && log_ratio > 1));
        CHECK(out.sums.clipped_low == (advantage < 0 && log_ratio < -1));
      }
  });
}

TEST_CASE("policy_loss: the other tokens do not see a bad one", "[objective][data]") {
  auto const f = cohort::objective(cohort::ppo_clip{0.2, 0.28}, cohort::k3{0.04});
  cases::in_both_types([&]<class T>(auto& context, T) {
    for (std::uint64_t seed = 41; seed <= 44; ++seed) {
      auto const clean = cases::random_batch<T>(seed, {.rows = 12, .longest = 40});
      cases::random source(seed);
      auto broken = clean, masked = clean;
      double bad = 0, first = endless;
      for (std::size_t i = 0; i < clean.tokens(); ++i) {
        if (!cases::chance(source, 0.1)) continue;
        (seed % 2 == 0 ? broken.log_prob : broken.old_log_prob)[i] =
            static_cast<T>(cases::chance(source, 0.5) ? undefined : endless);
        if (clean.mask[i]) ++bad, first = std::min(first, static_cast<double>(i));
        masked.mask[i] = 0;
      }
      INFO("seed " << seed);
      for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence}) {
        auto const x = cases::run_packed(context, broken, f, {cohort::by_tokens(100), level});
        auto const y = cases::run_packed(context, masked, f, {cohort::by_tokens(100), level});
        CHECK(support::same_bits(x.seed, y.seed));
        CHECK(x.sums.bad_slots == bad);
        CHECK(x.sums.first_bad_slot == first);
        auto sums = x.sums;
        sums.bad_slots = 0, sums.first_bad_slot = endless;
        CHECK(support::same_bits(sums, y.sums));
        auto const padded = cases::run_padded(context, broken, {.columns = 64}, f, {cohort::by_tokens(100), level});
        CHECK(support::same_bits(padded.seed, x.seed));
        CHECK(padded.sums.bad_slots == bad);
      }
    }
  });
}

TEST_CASE("policy_loss: a call's own counts are those of the mask, bad tokens among them", "[objective][data]") {
  support::on_every_context([](auto& context) {
    double const nan = cohort::not_a_number;
    std::vector<double> const same{-1, -1, -1, -1}, broken{-1, -1, nan, -1};
    std::vector<double> seed(4);
    for (bool const in_advantage : {false, true})
      for (cohort::normalizer const& by :
           {cohort::normalizer(cohort::by_tokens()), cohort::normalizer(cohort::by_sequence_means())}) {
        std::vector<double> const advantage{1, 1, in_advantage ? nan : 1, 1};
        cohort::loss_sums sums;
        cohort::policy_loss<double>(context,
                                    {.layout = cohort::padded{1, 4},
                                     .log_prob = in_advantage ? same : broken,
                                     .old_log_prob = same,
                                     .advantage = cohort::per_token(advantage)},
                                    {.d_log_prob = seed, .report = &sums}, cohort::objective(cohort::ppo_clip{}), {by});
        CHECK(sums.loss == -0.75);
        CHECK((sums.bad_slots == 1 && sums.first_bad_slot == 2 && sums.tokens == 3));
      }
  });
}

TEST_CASE("policy_loss: the first bad slot of a rectangle is row * columns + column", "[objective][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = cases::random_batch<T>(45, {.rows = 30, .longest = 20, .hole = 0, .empty = 0});
    auto const offsets = b.offsets();
    for (std::size_t const r : {4U, 11U, 29U})
      b.log_prob[static_cast<std::size_t>(offsets[r + 1] - 1)] = static_cast<T>(undefined);
    for (cohort::index_t const columns : {20, 77}) {
      auto const out = cases::run_padded(context, b, {.columns = columns}, cohort::objective(cohort::ppo_clip{}),
                                         {cohort::by_tokens()});
      CHECK(out.sums.bad_slots == 3);
      CHECK(out.sums.first_bad_slot == static_cast<double>(4 * columns + b.length[4] - 1));
    }
  });
}
