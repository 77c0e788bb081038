// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Moments of the tokens of a batch, or of a part of it: parts merge into the whole.
#pragma once

#include <cmath>

#include <cohort/core/numeric.hpp>
#include <cohort/core/report.hpp>

COHORT_SHARED_BEGIN

/// Of the valid tokens whose value is finite. Default-constructed: of none, the identity of `merge`.
struct moment_sums {
  double count = 0;
  double mean = 0;
  double square = 0; ///< sum of squared deviations from the mean
  double bad_slots = 0;
  double first_bad_slot = infinity; ///< in the layout of its own part
};

struct moment_report {
  index_t tokens = 0;
  double mean = 0;
  double std = 0; ///< divided by tokens - 1; 0 for fewer than two
  index_t bad_slots = 0;
  index_t first_bad_slot = -1;
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

/// Moments of the union: Chan, Golub and LeVeque 1979.
[[nodiscard]] COHORT_HOST_DEVICE inline moment_sums merge(moment_sums const& a, moment_sums const& b) {
  double const bad = a.bad_slots + b.bad_slots;
  double const first = a.first_bad_slot < b.first_bad_slot ? a.first_bad_slot : b.first_bad_slot;
  if (!(a.count > 0)) return {b.count, b.mean, b.square, bad, first};
  if (!(b.count > 0)) return {a.count, a.mean, a.square, bad, first};
  double const count = a.count + b.count, apart = b.mean - a.mean, share = b.count / count;
  return {count, a.mean + apart * share, a.square + b.square + apart * apart * (a.count * share), bad, first};
}

[[nodiscard]] inline moment_report report_of(moment_sums const& s) {
  return {static_cast<index_t>(s.count), s.mean, s.count > 1 ? std::sqrt(s.square / (s.count - 1)) : 0,
          static_cast<index_t>(s.bad_slots), detail::place_of(s.bad_slots, s.first_bad_slot)};
}

[[nodiscard]] inline status check_data(moment_sums const& s) noexcept {
  return detail::left_out("moment report", "valid tokens whose value is not finite were left out", s.bad_slots,
                          s.first_bad_slot);
}

COHORT_NAMESPACE_END
