// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rows.cuh"

namespace cuda_rows {

void double_rows(context_type& context, tokens<double> const& x, double* logits, index_t vocabulary) {
  policy_gradients(context, x, logits, vocabulary, nullptr);
}

} // namespace cuda_rows
