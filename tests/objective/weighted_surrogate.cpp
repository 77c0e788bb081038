// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Surrogates on the log-prob itself, inside policy_loss: the ratio of any level is a weight, and no gradient goes
/// through it.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>
#include <engines/rows.hpp>

namespace {

using cohort::ratio_level;

constexpr ratio_level levels[] = {ratio_level::token, ratio_level::sequence, ratio_level::sequence_token,
                                  ratio_level::sequence_product};
constexpr cohort::log_ratio_bounds all_bounds[] = {{}, {.low = -0.2, .high = 0.15}};

/// Which log ratio each token is given, bounds applied.
template <class T>
std::vector<double> log_ratios(cases::token_batch<T> const& b, cohort::policy_loss_options const& o) {
  std::vector<double> x(b.tokens());
  auto const first = b.offsets();
  for (std::size_t r = 0; r < b.rows(); ++r) {
    auto const each = [&](auto visit) {
      for (auto i = static_cast<std::size_t>(first[r]); i < static_cast<std::size_t>(first[r + 1]); ++i)
        if (b.mask[i]) visit(i);
    };
    auto const own = [&](std::size_t i) { return double(b.log_prob[i]) - double(b.old_log_prob[i]); };
    double sum = 0, n = 0;
    each([&](std::size_t i) { sum += own(i), n += 1; });
    double const whole = o.ratio == ratio_level::sequence_product ? sum : sum / n;
    each([&](std::size_t i) {
      double const raw = o.ratio == ratio_level::token ? own(i) : whole;
      x[i] = std::fmin(std::fmax(raw, o.log_ratio.low), o.log_ratio.high);
    });
  }
  return x;
}

/// -correction * weight(ratio, advantage) * advantage * log_prob per token, the weight held, and beta * k1.
template <class T, class Weight>
void check_weighted(cases::loss_outcome<T> const& out, cases::token_batch<T> const& b,
                    cohort::policy_loss_options const& o, double beta, Weight weight) {
  auto const l = log_ratios(b, o);
  double loss = 0, size = 0, worst = 0;
  for (std::size_t i = 0; i < b.tokens(); ++i) {
    if (!b.mask[i]) continue;
    double const a = double(b.advantage[i]), c = b.correction.empty() ? 1 : double(b.correction[i]);
    double const slope = -c * weight(std::exp(l[i]), a) * a, now = double(b.log_prob[i]);
    loss += slope * now + beta * (now - double(b.ref_log_prob[i])), size += std::fabs(slope * now);
    worst = std::max(worst, std::fabs(double(out.seed[i]) - (slope + beta)));
  }
  CHECK(std::fabs(out.sums.loss - loss) <= 200 * support::unit_roundoff<T> * (1 + size));
  CHECK(worst < 1000 * support::unit_roundoff<T>);
}

/// A user's own: the geometric middle of weight and ratio.
struct root_weight {
  template <class V>
  cohort::surrogate_term<V> operator()(V ratio, V advantage, V log_prob) const {
    using cohort::lane_sqrt;
    auto const x = cohort::weighted_log_prob(lane_sqrt(ratio), advantage, log_prob);
    return {x.value, x.slope, V(0), V(0)};
  }
};

} // namespace

TEST_CASE("weighted surrogates: every level, bound and correction by the definition", "[objective][cispo][vespo]") {
  auto const cispo = [](double ratio, double) { return std::fmin(std::fmax(ratio, 0.8), 1.1); };
  auto const vespo = [](double w, double a) {
    return a >= 0 ? w * w * std::exp(3 * (1 - w)) : w * w * w * std::exp(2 * (1 - w));
  };
  auto const root = [](double ratio, double) { return std::sqrt(ratio); };
  cases::in_both_types([&]<class T>(auto& context, T) {
    auto const plain = cases::random_batch<T>(61, {.rows = 8, .longest = 20});
    for (auto const& b : {plain, cases::corrected(plain, 62)})
      for (auto const level : levels)
        for (auto const& bounds : all_bounds) {
          cohort::policy_loss_options const o{cohort::by_constant(1), level, bounds};
          INFO("level " << int(level) << ", bounds " << bounds.low << " " << bounds.high);
          cohort::k1 const kl{0.25};
          auto const run = [&](auto const& f) { return cases::run_packed(context, b, f, o); };
          check_weighted(run(engines::run_time_objective(cohort::cispo{0.8, 1.1})), b, o, 0, cispo);
          check_weighted(run(engines::run_time_objective(cohort::vespo{}, kl)), b, o, 0.25, vespo);
          check_weighted(run(cohort::objective(root_weight{})), b, o, 0, root);
        }
  });
}

// Losses add up, and so do their gradients: the penalty's part is what it is beside any other surrogate.
TEST_CASE("weighted surrogates: a penalty still goes through the sequence's ratio", "[objective][cispo]") {
  support::on_every_context([](auto& context) {
    auto b = cases::random_batch<double>(63, {.rows = 8, .longest = 20});
    cohort::ratio_corrected<cohort::k3> const kl{0.3};
    for (auto const level : levels)
      for (auto const& bounds : all_bounds) {
        cohort::policy_loss_options const o{cohort::by_constant(1), level, bounds};
        auto silent = b;
        silent.advantage.assign(b.tokens(), 0);
        auto const penalty = cases::run_packed(context, silent, engines::run_time_objective(cohort::ppo_clip{}, kl), o);
        auto const weighted = cases::run_packed(context, b, engines::run_time_objective(cohort::cispo{0, 1.1}), o);
        auto const both = cases::run_packed(context, b, engines::run_time_objective(cohort::cispo{0, 1.1}, kl), o);
        double worst = 0;
        for (std::size_t i = 0; i < b.tokens(); ++i)
          worst = std::max(worst, std::fabs(both.seed[i] - penalty.seed[i] - weighted.seed[i]));
        INFO("level " << int(level));
        CHECK(worst < 1e-14);
        CHECK(both.sums.loss == approx(penalty.sums.loss + weighted.sums.loss).epsilon(1e-13));
      }
  });
}

TEST_CASE("cispo: with both bounds 1 it is the plain policy gradient", "[objective][cispo]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(64, {.rows = 6, .longest = 20});
    auto const out =
        cases::run_packed(context, b, engines::run_time_objective(cohort::cispo{1, 1}), {cohort::by_constant(1)});
    for (std::size_t i = 0; i < b.tokens(); ++i) CHECK(out.seed[i] == (b.mask[i] ? -b.advantage[i] : T(0)));
  });
}

TEST_CASE("cispo, vespo: an impossible token has weight 0", "[objective][cispo][vespo][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    constexpr double never = -cohort::infinity;
    auto const old = cases::in<T>({-1.1, -1.5, -2.2});
    cases::token_batch<T> const b{{3}, cases::in<T>({-1, never, -2}), old, old, cases::in<T>({1, 1, 1}), {1, 1, 1}};
    auto const run = [&](auto const& f, ratio_level level) {
      return cases::run_packed(context, b, engines::run_time_objective(f), {cohort::by_constant(1), level});
    };
    auto const open = run(cohort::cispo{.low = 0, .high = 2}, ratio_level::token);
    CHECK((open.seed[1] == 0 && open.sums.tokens == 3 && open.sums.bad_slots == 0));
    auto const held = run(cohort::cispo{.low = 0.5, .high = 2}, ratio_level::token); // 0.5 * infinity
    CHECK((held.seed[1] == 0 && held.sums.tokens == 2 && held.sums.first_bad_slot == 1));
    auto const whole = run(cohort::vespo{}, ratio_level::sequence_product); // so does its sequence
    CHECK((whole.seed == std::vector<T>(3) && whole.sums.bad_slots == 0 && whole.sums.loss == 0));
  });
}
