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
          s.bad_seeds > 0 ? static_cast<index_t>(s.first_bad_seed) : -1, static_cast<index_t>(s.bad_scores),
          s.bad_scores > 0 ? static_cast<index_t>(s.first_bad_score) : -1};
}

[[nodiscard]] inline status check_data(gradient_sums const& s) noexcept {
  bool const seeds = s.bad_seeds > 0;
  if (!seeds && !(s.bad_scores > 0)) return {};
  return {error_code::bad_data,
          "read",
          "accumulate_policy_gradient report",
          seeds ? "seeds that are not finite were excluded" : "scores that are not finite were excluded",
          static_cast<index_t>(seeds ? s.first_bad_seed : s.first_bad_score),
          status::values_told::both,
          seeds ? s.bad_seeds : s.bad_scores,
          0};
}

COHORT_NAMESPACE_END
