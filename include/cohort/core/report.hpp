// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Reading what a call reported: sums in the context's memory, each kind with `check_data` (were values excluded?) and
/// `report_of` (what the sums say).
#pragma once

#include <cohort/core/error.hpp>
#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

template <class Sums>
concept reported_sums = requires(Sums const& sums) {
  { check_data(sums) } -> std::same_as<status>;
  report_of(sums);
};

namespace detail {

/// The place of the first of `count`, or -1.
inline index_t place_of(double count, double first) { return count > 0 ? static_cast<index_t>(first) : -1; }

/// What was left out, how often and where first; nothing where count is 0.
constexpr status left_out(char const* report, char const* what, double count, double first,
                          error_code code = error_code::bad_data) {
  if (!(count > 0)) return {};
  return {code, "read", report, what, static_cast<index_t>(first), status::values_told::both, count, 0};
}

} // namespace detail

COHORT_NAMESPACE_END

COHORT_POLICY_BEGIN

/// The one call that waits: fetches the sums and returns what they say. Fails with `data_error` where values were
/// excluded, unless told to accept that.
template <execution_context Context, reported_sums Sums>
auto read(Context& context, Sums const* report, on_data_error action = on_data_error::fail) {
  Sums const sums = context.fetch(report);
  if (action == on_data_error::fail)
    if (status const s = check_data(sums); !s) detail::fail_with<data_error>(s);
  return report_of(sums);
}

COHORT_POLICY_END
