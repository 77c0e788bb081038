// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/logits_update.cuh"

template void bench::compare_logits<cohort::half>(session&, logits_shape, logits_variant);
