// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What algorithms over the tokens of sequences report.
#pragma once

#include <cohort/core/accumulator.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Counts over the tokens of one call. `merge(a, b)` adds calls.
template <class V>
struct basic_token_counts {
  V tokens = V(0);    ///< valid tokens, the bad ones not among them
  V bad_slots = V(0); ///< valid tokens with a value that is not finite
  wide<V> first_bad_slot = wide<V>(infinity);
  V bad_bootstraps = V(0); ///< sequences whose bootstrap is needed and not finite
  wide<V> first_bad_bootstrap = wide<V>(infinity);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return basic_token_counts<field_t<F, sum_rule, decltype(s.tokens)...>>{
        f(sum_rule{}, s.tokens...), f(sum_rule{}, s.bad_slots...), f(minimum_rule{}, s.first_bad_slot...),
        f(sum_rule{}, s.bad_bootstraps...), f(minimum_rule{}, s.first_bad_bootstrap...)};
  }
};
using token_counts = basic_token_counts<double>;

struct token_report {
  index_t tokens = 0;
  index_t bad_slots = 0;
  index_t first_bad_slot = -1; ///< a token of the layout
  index_t bad_bootstraps = 0;
  index_t first_bad_bootstrap = -1; ///< a sequence
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

[[nodiscard]] inline token_report report_of(token_counts const& s) {
  return {static_cast<index_t>(s.tokens), static_cast<index_t>(s.bad_slots),
          detail::place_of(s.bad_slots, s.first_bad_slot), static_cast<index_t>(s.bad_bootstraps),
          detail::place_of(s.bad_bootstraps, s.first_bad_bootstrap)};
}

[[nodiscard]] inline status check_data(token_counts const& s) noexcept {
  if (status const bad =
          detail::left_out("token report", "valid tokens whose reward or value is not finite were left out",
                           s.bad_slots, s.first_bad_slot);
      !bad)
    return bad;
  return detail::left_out("token report", "bootstraps that are not finite were taken as 0", s.bad_bootstraps,
                          s.first_bad_bootstrap);
}

COHORT_NAMESPACE_END
