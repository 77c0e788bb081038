// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this tensor lives in memory that the context cannot reach
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using space = cohort::device_space;
#else
using space = cohort::pinned_space;
#endif

/// Shaped as std::mdspan.
struct accelerated {
  using element_type = float;
  using memory_space = space;
  float* pointer;
  static constexpr int rank() { return 1; }
  float* data_handle() const { return pointer; }
  long extent(std::size_t) const { return 2; }
  long stride(std::size_t) const { return 1; }
};

void score(cohort::reference_context& context, float const (&logits)[2][3], int const (&token)[2],
           accelerated const& log_prob) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
