// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rows.cuh"

namespace cuda_rows {

void float_rows(context_type& context, tokens<float> const& x, float* logits, index_t vocabulary) {
  log_probs(context, x, logits, vocabulary, nullptr);
  policy_gradients(context, x, logits, vocabulary, nullptr);
}

} // namespace cuda_rows
