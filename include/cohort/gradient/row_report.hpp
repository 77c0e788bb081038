// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What algorithms over rows of logits report.
#pragma once

#include <cohort/core/accumulator.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Counts over the rows of one call. `merge(a, b)` adds calls.
template <class V>
struct basic_row_sums {
  V rows = V(0);     ///< valid rows, the bad ones not among them
  V bad_rows = V(0); ///< token outside the vocabulary, NaN or +inf among the logits, or no finite logit
  V first_bad_row = V(infinity);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return basic_row_sums<field_t<F, sum_rule, decltype(s.rows)...>>{
        f(sum_rule{}, s.rows...), f(sum_rule{}, s.bad_rows...), f(minimum_rule{}, s.first_bad_row...)};
  }
};
using row_sums = basic_row_sums<double>;

struct row_report {
  index_t rows = 0;
  index_t bad_rows = 0;
  index_t first_bad_row = -1;
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

[[nodiscard]] inline row_report report_of(row_sums const& s) {
  return {static_cast<index_t>(s.rows), static_cast<index_t>(s.bad_rows),
          detail::place_of(s.bad_rows, s.first_bad_row)};
}

[[nodiscard]] inline status check_data(row_sums const& s) noexcept {
  return detail::left_out("row report", "rows of logits without a log-prob for their token were excluded", s.bad_rows,
                          s.first_bad_row);
}

COHORT_NAMESPACE_END
