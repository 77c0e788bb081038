// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rows.cuh"

namespace cuda_rows {

void half_rows(context_type& context, tokens<float> const& x, cohort::half* logits, index_t vocabulary) {
  log_probs(context, x, logits, vocabulary, nullptr);
}

} // namespace cuda_rows
