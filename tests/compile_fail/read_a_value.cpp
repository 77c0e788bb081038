// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (no matching function|cannot convert|mismatched types).*
/// \file
/// A report is read through its pointer: it may be in a device's memory.
#include <cohort/cohort.hpp>

cohort::loss_report look(cohort::reference_context& context, cohort::loss_sums const& sums) {
#if defined(VIOLATE)
  return cohort::read(context, sums);
#else
  return cohort::read(context, &sums);
#endif
}
