// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What kl_penalty reports: the divergence that an adaptive coefficient is steered by.
#pragma once

#include <cohort/core/accumulator.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Sums over the valid tokens of one call. `merge(a, b)` adds calls.
template <class V>
struct basic_penalty_sums {
  V kl = V(0);        ///< sum of the estimator, without beta
  V tokens = V(0);    ///< valid tokens, the bad ones not among them
  V bad_slots = V(0); ///< valid tokens with a value that is not finite
  wide<V> first_bad_slot = wide<V>(infinity);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return basic_penalty_sums<field_t<F, sum_rule, decltype(s.kl)...>>{
        f(sum_rule{}, s.kl...), f(sum_rule{}, s.tokens...), f(sum_rule{}, s.bad_slots...),
        f(minimum_rule{}, s.first_bad_slot...)};
  }
};
using penalty_sums = basic_penalty_sums<double>;

struct penalty_report {
  double kl = 0; ///< mean of the estimator, without beta
  index_t tokens = 0;
  index_t bad_slots = 0;
  index_t first_bad_slot = -1;
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

[[nodiscard]] inline penalty_report report_of(penalty_sums const& s) {
  return {s.tokens > 0 ? s.kl / s.tokens : 0, static_cast<index_t>(s.tokens), static_cast<index_t>(s.bad_slots),
          detail::place_of(s.bad_slots, s.first_bad_slot)};
}

[[nodiscard]] inline status check_data(penalty_sums const& s) noexcept {
  return detail::left_out("kl_penalty report", "valid tokens whose values are not finite got reward 0", s.bad_slots,
                          s.first_bad_slot);
}

COHORT_NAMESPACE_END
