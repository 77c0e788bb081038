// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rows.cuh"

namespace cuda_rows {

void token_rows(context_type& context, tokens<float> const& x, tokens<double> const& y, cohort::loss_sums* report) {
  advantages(context, x, nullptr, nullptr);
  advantages(context, y, nullptr, nullptr);
  losses(context, x, report);
  losses(context, y, report);
}

} // namespace cuda_rows
