// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A surrogate of one's own: written once, run in packs by Eigen and in double by the reference, its slope checked with
// a dual number.
#include <cohort/cohort.hpp>

#include <cmath>
#include <cohort/backend/eigen.hpp>
#include <cstdio>
#include <vector>

// [formula]
/// A sigmoid instead of a clip (SAPO, arXiv 2511.20347): gate(x) = 4 / t * sigmoid(t * (x - 1)), and the loss of a
/// token is -gate(ratio) * advantage. At ratio 1 its gradient is that of PPO.
struct soft_gate {
  double positive = 1.0;  ///< t where the advantage is positive
  double negative = 1.05; ///< t where it is not

  template <class V>
  cohort::surrogate_term<V> operator()(V ratio, V advantage) const {
    using cohort::lane_exp, cohort::lane_min, cohort::lane_select; // for scalars; packs and duals bring their own
    V const zero(0), one(1);
    V const t = lane_select(zero < advantage, V(positive), V(negative));
    V const r = lane_min(ratio, V(100)); // the gate is shut there, and infinity * 0 would be NaN
    V const e = lane_exp(t * (one - r));
    V const sigmoid = one / (one + e);
    return {.value = zero - V(4) * sigmoid / t * advantage,
            .slope = zero - V(4) * sigmoid * (one - sigmoid) * r * advantage, // d value / d log ratio
            .clipped_low = zero,
            .clipped_high = zero};
  }
  /// Optional: asked before anything is computed.
  [[nodiscard]] constexpr cohort::parameter_fault fault() const {
    if (!(positive > 0)) return {"positive", "a temperature is positive", positive};
    if (!(negative > 0)) return {"negative", "a temperature is positive", negative};
    return {};
  }
};
static_assert(cohort::surrogate_formula<soft_gate>);
// [end]

// [dual]
/// A number and its derivative: a lane type like any other.
struct dual {
  double value, slope;
  constexpr dual(double v, double s = 0) : value(v), slope(s) {}
  friend dual operator+(dual a, dual b) { return {a.value + b.value, a.slope + b.slope}; }
  friend dual operator-(dual a, dual b) { return {a.value - b.value, a.slope - b.slope}; }
  friend dual operator*(dual a, dual b) { return {a.value * b.value, a.slope * b.value + a.value * b.slope}; }
  friend dual operator/(dual a, dual b) {
    return {a.value / b.value, (a.slope * b.value - a.value * b.slope) / (b.value * b.value)};
  }
  friend bool operator<(dual a, dual b) { return a.value < b.value; }
  friend dual lane_exp(dual x) { return {std::exp(x.value), std::exp(x.value) * x.slope}; }
  friend dual lane_min(dual a, dual b) { return b < a ? b : a; }
  friend dual lane_select(bool mask, dual a, dual b) { return mask ? a : b; }
};

/// The slope written by hand is the derivative of the value, from the same text.
bool slope_is_derivative(soft_gate const& f) {
  for (double const advantage : {-1.5, 0.0, 2.0})
    for (double log_ratio = -4; log_ratio < 4; log_ratio += 0.125) {
      auto const term = f(lane_exp(dual{log_ratio, 1}), dual{advantage});
      if (!(std::abs(term.value.slope - term.slope.value) <= 1e-13)) return false;
    }
  return true;
}
// [end]

// [use]
template <class Context>
double loss_of(Context& context, std::vector<float>& seed) {
  std::vector<float> const log_prob{-1.0F, -0.5F, -2.0F, -1.5F}, old_log_prob{-1.2F, -0.9F, -1.0F, -1.5F};
  std::vector<float> const advantage{1.0F, -1.0F};
  cohort::loss_sums sums;
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 2},
                              .log_prob = log_prob,
                              .old_log_prob = old_log_prob,
                              .advantage = cohort::per_sequence(advantage)},
                             {.d_log_prob = seed, .report = &sums}, cohort::objective(soft_gate{.positive = 1.0}),
                             {.normalizer = cohort::by_tokens()});
  return cohort::read(context, &sums).loss;
}
// [end]

int main() {
  cohort::reference_context reference;
  cohort::eigen_context eigen;
  std::vector<float> seed(4), expected(4);
  double const exact = loss_of(reference, expected), loss = loss_of(eigen, seed);
  std::printf("soft gate: loss %.6f, reference %.6f\n", loss, exact);
  bool good = slope_is_derivative({}) && std::abs(loss - exact) < 1e-6;
  for (std::size_t i = 0; i < seed.size(); ++i) good = good && std::abs(seed[i] - expected[i]) < 1e-6F;
  return good ? 0 : 1;
}
