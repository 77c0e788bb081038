// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A surrogate and a penalty of one's own.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>
#include <engines/rows.hpp>

namespace {

/// value = (ratio - 1)^2 / 2 * scale - advantage * ratio.
struct quadratic_surrogate {
  double scale;

  template <class V>
  cohort::surrogate_term<V> operator()(V ratio, V advantage) const {
    using cohort::lane_fma, cohort::lane_select; // a pack's own words are found by its type
    V const d = ratio - V(1);
    return {lane_fma(V(0.5 * scale) * d, d, V(0) - advantage * ratio), ratio * (V(scale) * d - advantage),
            lane_select(ratio < V(0.5), V(1), V(0)), lane_select(V(2) < ratio, V(1), V(0))};
  }
  [[nodiscard]] constexpr cohort::parameter_fault fault() const {
    if (!(scale >= 0)) return {"scale", "it is not negative", scale};
    return {};
  }
};

/// value = sqrt(1 + d^2) - 1, d = log_prob - ref_log_prob.
struct smooth_distance {
  double beta;

  template <class V>
  cohort::value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    using cohort::lane_fma, cohort::lane_sqrt;
    V const d = log_prob - ref_log_prob, root = lane_sqrt(lane_fma(d, d, V(1)));
    return {root - V(1), d / root};
  }
};

} // namespace

TEST_CASE("policy_loss: a user's own surrogate and penalty", "[objective][formula]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(51, {.rows = 11, .longest = 37});
    auto const out = cases::run_packed(context, b, cohort::objective(quadratic_surrogate{0.7}, smooth_distance{0.2}),
                                       {cohort::by_constant(1)});
    double loss = 0, kl = 0, low = 0, high = 0, worst = 0;
    for (std::size_t i = 0; i < b.tokens(); ++i) {
      if (!b.mask[i]) continue;
      double const d = double(b.log_prob[i]) - double(b.ref_log_prob[i]), a = double(b.advantage[i]);
      double const ratio = std::exp(double(b.log_prob[i]) - double(b.old_log_prob[i])), root = std::sqrt(1 + d * d);
      loss += 0.35 * (ratio - 1) * (ratio - 1) - a * ratio + 0.2 * (root - 1), kl += root - 1;
      low += ratio<0.5, high += ratio> 2;
      worst = std::max(worst, std::fabs(double(out.seed[i]) - ratio * (0.7 * (ratio - 1) - a) - 0.2 * d / root));
    }
    double const u = support::unit_roundoff<T>;
    CHECK(out.sums.loss == approx(loss).epsilon(1000 * u));
    CHECK(out.sums.kl == approx(kl).epsilon(1000 * u));
    CHECK(out.sums.clipped_low == low);
    CHECK(out.sums.clipped_high == high);
    CHECK(high > 0);
    CHECK(worst < 100 * u);
  });
}

TEST_CASE("policy_loss: a user's own fault is refused by name", "[objective][formula]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(52, {.rows = 2, .longest = 3, .empty = 0});
    CHECK_THROWS_WITH(
        cases::run_packed(context, b, cohort::objective(quadratic_surrogate{-1}), {cohort::by_constant(1)}),
        ContainsSubstring("policy_loss: scale"));
  });
}
