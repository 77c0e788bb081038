// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What accumulate_policy_gradient reports.
#pragma once

#include <cohort/core/accumulator.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Counts over the tokens of one call. `merge(a, b)` adds calls.
template <class V>
struct basic_gradient_sums {
  V tokens = V(0);    ///< valid tokens with a finite seed, those of seed 0 among them
  V bad_seeds = V(0); ///< valid tokens left out because their seed is not finite
  V first_bad_seed = V(infinity);
  V bad_scores = V(0);             ///< elements left out because seed * score is not finite
  V first_bad_score = V(infinity); ///< the first of them: token * parameters + parameter
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return basic_gradient_sums<field_t<F, sum_rule, decltype(s.tokens)...>>{
        f(sum_rule{}, s.tokens...), f(sum_rule{}, s.bad_seeds...), f(minimum_rule{}, s.first_bad_seed...),
        f(sum_rule{}, s.bad_scores...), f(minimum_rule{}, s.first_bad_score...)};
  }
};
using gradient_sums = basic_gradient_sums<double>;

struct gradient_report {
  index_t tokens = 0;
  index_t bad_seeds = 0;
  index_t first_bad_seed = -1;
  index_t bad_scores = 0;
  index_t first_bad_score = -1;
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

[[nodiscard]] inline gradient_report report_of(gradient_sums const& s) {
  return {static_cast<index_t>(s.tokens), static_cast<index_t>(s.bad_seeds),
          detail::place_of(s.bad_seeds, s.first_bad_seed), static_cast<index_t>(s.bad_scores),
          detail::place_of(s.bad_scores, s.first_bad_score)};
}

[[nodiscard]] inline status check_data(gradient_sums const& s) noexcept {
  constexpr char const* report = "accumulate_policy_gradient report";
  if (status const bad =
          detail::left_out(report, "seeds that are not finite were excluded", s.bad_seeds, s.first_bad_seed);
      !bad)
    return bad;
  return detail::left_out(report, "scores that are not finite were excluded", s.bad_scores, s.first_bad_score);
}

COHORT_NAMESPACE_END
