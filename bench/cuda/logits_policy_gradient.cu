// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "benches.cuh"
#include "support/logits_update.cuh"

namespace bench {

// Compiled beside this file: each takes a while.
extern template void compare_logits<float>(session&, logits_shape, logits_variant);
extern template void compare_logits<cohort::half>(session&, logits_shape, logits_variant);

void logits_policy_gradient(session& run) {
  using bf16 = cohort::bfloat16;
  auto const attempt = [&]<class L>(L, index_t tokens, index_t vocabulary, logits_variant how = logits_variant::dense) {
    bool const mix = how == logits_variant::zeros_written || how == logits_variant::rows_listed;
    logits_shape const shape{tokens / 64, 64, vocabulary, mix, 2, how == logits_variant::flat ? 0.0 : 12.0};
    run.attempt("logits_policy_gradient", [&] { compare_logits<L>(run, shape, how); });
  };
  if (run.options.quick) {
    attempt(bf16{}, 2048, 151936);
    return attempt(bf16{}, 2048, 151936, logits_variant::zeros_written);
  }
  for (auto const how : {logits_variant::dense, logits_variant::zeros_written, logits_variant::rows_listed,
                         logits_variant::sequences, logits_variant::flat})
    attempt(bf16{}, 8192, 151936, how);
  for (index_t const vocabulary : {32000, 50257, 128256, 262144}) attempt(bf16{}, 8192, vocabulary);
  attempt(float{}, 8192, 151936);
  attempt(cohort::half{}, 8192, 151936);
  for (index_t const tokens : {64, 512, 2048, 16384, 65536}) attempt(bf16{}, tokens, 151936);
}

} // namespace bench
