// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: (no matching function|conflicting types|deduced conflicting)
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using other = cohort::group_sums;
#else
using other = cohort::loss_sums;
#endif

auto both(cohort::loss_sums const& a, other const& b) { return cohort::merge(a, b); }
