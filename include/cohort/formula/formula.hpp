// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a formula is: a small struct of double parameters with one call operator over any lane type, which returns
/// value and slope together. No views, no loops, no backend. A user's own formula is as good as ours
/// (docs/concepts.md).
#pragma once

#include <concepts>

#include <cohort/core/lane.hpp>

COHORT_NAMESPACE_BEGIN

/// A value and its derivative.
template <class V>
struct value_and_slope {
  V value;
  V slope;
};

/// One token of a surrogate, as a loss: minimised.
template <class V>
struct surrogate_term {
  V value;              ///< the token's loss
  V slope;              ///< d value / d log ratio; of a weighted surrogate, d value / d log_prob with the ratio held
  V clipped_low;        ///< 1 where the lower bound took the gradient away, or held the weight, else 0
  V clipped_high;       ///< 1 where the upper bound did
  V clipped_cap = V(0); ///< 1 where a bound from above did for a negative advantage: dual_clip, two_sided_clip, cispo
};

/// A penalty that knows the importance ratio.
template <class V>
struct penalty_term {
  V value;
  V slope;       ///< d value / d log_prob, the ratio held
  V ratio_slope; ///< d value / d log ratio, the rest held
  V whole;       ///< their sum, without what cancels in it: the slope where each token has its own ratio
};

/// One token of a value loss.
template <class V>
struct value_term {
  V value;   ///< the token's loss
  V slope;   ///< d value / d the critic's value
  V clipped; ///< 1 where a bound made the loss larger, else 0
};

/// The parameter that is out of its domain and the rule that it breaks; none where `argument` is null.
struct parameter_fault {
  char const* argument = nullptr;
  char const* rule = "";
  double found = 0;
};

/// f(ratio, advantage) -> surrogate_term. `fault()`, where there is one, is asked before anything is computed.
template <class F>
concept surrogate_formula = std::copyable<F> && requires(F const& f, double x, float y) {
  { f(x, x) } -> std::same_as<surrogate_term<double>>;
  { f(y, y) } -> std::same_as<surrogate_term<float>>;
};

/// f(ratio, advantage, log_prob) -> surrogate_term: a loss on the log-prob itself. No gradient goes through the ratio, so
/// the slope is the token's own at every ratio level and behind every bound of the log ratio.
template <class F>
concept weighted_surrogate_formula = std::copyable<F> && requires(F const& f, double x, float y) {
  { f(x, x, x) } -> std::same_as<surrogate_term<double>>;
  { f(y, y, y) } -> std::same_as<surrogate_term<float>>;
};

/// Either kind of surrogate.
template <class F>
concept any_surrogate_formula = surrogate_formula<F> || weighted_surrogate_formula<F>;

/// f(log_prob, ref_log_prob) -> value of the estimator and its derivative with respect to log_prob, both without beta.
template <class F>
concept kl_formula = std::copyable<F> && requires(F const& f, double x, float y) {
  { f.beta } -> std::convertible_to<double>;
  { f(x, x) } -> std::same_as<value_and_slope<double>>;
  { f(y, y) } -> std::same_as<value_and_slope<float>>;
};

/// f(log_prob, ref_log_prob, ratio) -> penalty_term, without beta: a penalty that is weighted by the ratio.
template <class F>
concept ratio_kl_formula = std::copyable<F> && requires(F const& f, double x, float y) {
  { f.beta } -> std::convertible_to<double>;
  { f(x, x, x) } -> std::same_as<penalty_term<double>>;
  { f(y, y, y) } -> std::same_as<penalty_term<float>>;
};

/// Either kind of penalty.
template <class F>
concept penalty_formula = kl_formula<F> || ratio_kl_formula<F>;

/// f(value, old_value, returns) -> value_term. `clips()`, where there is one, says whether the old value is read.
template <class F>
concept value_formula = std::copyable<F> && requires(F const& f, double x, float y) {
  { f(x, x, x) } -> std::same_as<value_term<double>>;
  { f(y, y, y) } -> std::same_as<value_term<float>>;
};

/// The first fault of a formula's parameters; a formula without `fault()` has none.
template <class F>
constexpr parameter_fault fault_of(F const& f) {
  if constexpr (requires { f.fault(); })
    return f.fault();
  else
    return {};
}

/// What a weighted surrogate is made of:
///
///   value = -weight * advantage * log_prob,   slope = -weight * advantage        (the weight held)
///
/// Exactly 0 where the weight or the advantage is 0, even for a log_prob of -inf or a weight that overflowed.
template <class V>
COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> weighted_log_prob(V weight, V advantage, V log_prob) {
  V const zero(0);
  V const slope = zero - lane_select(advantage == zero, zero, lane_multiply(weight, advantage));
  return {lane_select(slope == zero, zero, lane_multiply(slope, log_prob)), slope};
}

namespace detail {

/// The domain of a penalty's weight.
constexpr parameter_fault beta_fault(double beta) {
  if (!(beta >= 0 && beta < infinity)) return {"beta", "a KL weight is finite and not negative", beta};
  return {};
}

} // namespace detail

COHORT_NAMESPACE_END
