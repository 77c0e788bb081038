// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a value loss reports: sums and counts in the context's memory, and what they say once read.
#pragma once

#include <cohort/core/accumulator.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Sums over the valid tokens of one call. `merge(a, b)` adds micro-batches.
template <class V>
struct basic_value_sums {
  V loss = V(0);                              ///< normalised already: micro-batches add up
  V value = V(0);                             ///< sum of the critic's values
  V clipped = V(0);                           ///< tokens whose clipped error was the larger one
  V tokens = V(0);                            ///< valid tokens, the excluded ones not among them
  V unweighted = V(0);                        ///< tokens met by a normaliser that was not positive and finite
  V bad_slots = V(0);                         ///< valid tokens excluded because a value was not finite
  wide<V> first_bad_slot = wide<V>(infinity); ///< the first of them: row * columns + column, or the packed position
  wide<V> returns = wide<V>(0), returns_squared = wide<V>(0); ///< in double, as a variance wants them
  wide<V> error = wide<V>(0), error_squared = wide<V>(0);     ///< of returns - value

  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    constexpr sum_rule sum{};
    return basic_value_sums<field_t<F, sum_rule, decltype(s.loss)...>>{f(sum, s.loss...),
                                                                       f(sum, s.value...),
                                                                       f(sum, s.clipped...),
                                                                       f(sum, s.tokens...),
                                                                       f(sum, s.unweighted...),
                                                                       f(sum, s.bad_slots...),
                                                                       f(minimum_rule{}, s.first_bad_slot...),
                                                                       f(sum, s.returns...),
                                                                       f(sum, s.returns_squared...),
                                                                       f(sum, s.error...),
                                                                       f(sum, s.error_squared...)};
  }
};
using value_sums = basic_value_sums<double>;

/// The metrics of a value loss. Means are over valid tokens; everything is 0 where there is none.
struct value_report {
  double loss = 0;
  double clip_fraction = 0; ///< share of tokens whose clipped error was the larger one (verl: vf_clipfrac)
  double mean_value = 0;
  double mean_return = 0;
  /// 1 - variance(returns - value) / variance(returns): 1 for a perfect critic, 0 for a constant one. NaN where the
  /// returns do not vary.
  double explained_variance = 0;
  index_t tokens = 0;
  index_t bad_slots = 0;
  index_t first_bad_slot = -1;
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

namespace detail {

/// n times the variance, from sums about 0; 0 where it is within their rounding.
constexpr double deviation(double sum, double squares, double n) {
  double const deviation = squares - sum * sum / n;
  return deviation > 0x1p-48 * squares ? deviation : 0;
}

} // namespace detail

[[nodiscard]] inline value_report report_of(value_sums const& s) {
  value_report seen{.bad_slots = static_cast<index_t>(s.bad_slots)};
  seen.first_bad_slot = detail::place_of(s.bad_slots, s.first_bad_slot);
  if (!(s.tokens > 0)) return seen;
  double const share = 1 / s.tokens, spread = detail::deviation(s.returns, s.returns_squared, s.tokens);
  double const left = detail::deviation(s.error, s.error_squared, s.tokens);
  seen.loss = s.loss;
  seen.clip_fraction = s.clipped * share;
  seen.mean_value = s.value * share;
  seen.mean_return = s.returns * share;
  seen.explained_variance = spread > 0 ? 1 - left / spread : not_a_number;
  seen.tokens = static_cast<index_t>(s.tokens);
  return seen;
}

/// The data errors of a value loss: excluded tokens, or a normaliser that was not positive while there were tokens.
[[nodiscard]] inline status check_data(value_sums const& s) noexcept {
  constexpr char const* report = "value_loss report";
  if (status const bad = detail::left_out(report, "valid tokens whose values are not finite were excluded", s.bad_slots,
                                          s.first_bad_slot);
      !bad)
    return bad;
  return detail::left_out(report, "the normaliser was not positive and finite although there are valid tokens",
                          s.unweighted, -1, error_code::bad_normalizer);
}

COHORT_NAMESPACE_END
