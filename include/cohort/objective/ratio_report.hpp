// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What importance_ratio reports: sums and counts in the context's memory, and what they say once read.
#pragma once

#include <cohort/core/accumulator.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Sums over the valid tokens of one call. `merge(a, b)` adds micro-batches.
template <class V>
struct basic_ratio_sums {
  V ratio = V(0);                             ///< sum of the ratio, a sequence's once for each of its tokens
  V ratio_min = V(infinity);                  ///< over tokens
  V ratio_max = V(-infinity);                 ///< over tokens
  V negative_log_ratio = V(0);                ///< sum of minus the log ratio over tokens where it is finite
  V tokens = V(0);                            ///< valid tokens, the excluded ones not among them
  V sequences = V(0);                         ///< sequences with such a token
  V bad_slots = V(0);                         ///< valid tokens excluded because their ratio is undefined or not finite
  wide<V> first_bad_slot = wide<V>(infinity); ///< the first of them: row * columns + column, or the packed position

  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    constexpr sum_rule sum{};
    return basic_ratio_sums<field_t<F, sum_rule, decltype(s.ratio)...>>{f(sum, s.ratio...),
                                                                        f(minimum_rule{}, s.ratio_min...),
                                                                        f(maximum_rule{}, s.ratio_max...),
                                                                        f(sum, s.negative_log_ratio...),
                                                                        f(sum, s.tokens...),
                                                                        f(sum, s.sequences...),
                                                                        f(sum, s.bad_slots...),
                                                                        f(minimum_rule{}, s.first_bad_slot...)};
  }
};
using ratio_sums = basic_ratio_sums<double>;

/// Means are over valid tokens; everything is 0 where there is none.
struct ratio_report {
  double ratio_min = 0;
  double ratio_mean = 0;
  double ratio_max = 0;
  double approx_kl = 0; ///< mean of old_log_prob - log_prob: k1 of the old policy against the new one
  index_t tokens = 0;
  index_t sequences = 0;
  index_t bad_slots = 0;
  index_t first_bad_slot = -1;
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

[[nodiscard]] inline ratio_report report_of(ratio_sums const& s) {
  ratio_report seen{.bad_slots = static_cast<index_t>(s.bad_slots)};
  seen.first_bad_slot = detail::place_of(s.bad_slots, s.first_bad_slot);
  if (!(s.tokens > 0)) return seen;
  seen.ratio_min = s.ratio_min;
  seen.ratio_mean = s.ratio / s.tokens;
  seen.ratio_max = s.ratio_max;
  seen.approx_kl = s.negative_log_ratio / s.tokens;
  seen.tokens = static_cast<index_t>(s.tokens);
  seen.sequences = static_cast<index_t>(s.sequences);
  return seen;
}

/// The data errors: excluded tokens.
[[nodiscard]] inline status check_data(ratio_sums const& s) noexcept {
  return detail::left_out("importance_ratio report",
                          "valid tokens whose ratio is undefined or not finite were excluded", s.bad_slots,
                          s.first_bad_slot);
}

COHORT_NAMESPACE_END
