// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A batch too large for a host's memory, a function of the place alone; and what reference_context says to some rows.
#pragma once

#include <cstdint>
#include <vector>

#include <cohort/cohort.hpp>

#include <cases/stories/outcome.hpp>

namespace device {

using cohort::index_t;

struct large_batch {
  static constexpr index_t vocabulary = 151936;

  [[nodiscard]] COHORT_HOST_DEVICE static constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
  }
  /// In [0, 1).
  [[nodiscard]] COHORT_HOST_DEVICE static constexpr float share(std::uint64_t x) {
    return static_cast<float>(mixed(x) >> 40) * 0x1p-24F;
  }
  [[nodiscard]] COHORT_HOST_DEVICE static constexpr cohort::bfloat16 logit(index_t cell) {
    return cohort::to_bfloat16(8 * share(static_cast<std::uint64_t>(cell)) - 4);
  }
};

/// What a call over those rows reads besides their logits.
struct large_inputs {
  std::vector<std::int64_t> token;
  std::vector<float> old_log_prob, advantage;

  explicit large_inputs(std::vector<index_t> const& rows) {
    for (index_t const r : rows) {
      auto const seed = static_cast<std::uint64_t>(r) * 4 + (std::uint64_t{1} << 60);
      token.push_back(static_cast<std::int64_t>(large_batch::mixed(seed) % std::uint64_t{large_batch::vocabulary}));
      old_log_prob.push_back(-14 + 3 * large_batch::share(seed + 1));
      advantage.push_back(2 * large_batch::share(seed + 2) - 1);
    }
  }
};

inline std::vector<index_t> every_row(index_t rows) {
  std::vector<index_t> x;
  for (index_t r = 0; r < rows; ++r) x.push_back(r);
  return x;
}
/// Both ends, and both sides of 2^31 and 2^32.
inline std::vector<index_t> sampled_rows(index_t rows) {
  std::vector<index_t> x{0, 1};
  for (int const bits : {31, 32}) {
    index_t const at = (index_t{1} << bits) / large_batch::vocabulary;
    for (index_t r = at - 1; r <= at + 1; ++r)
      if (r < rows - 2) x.push_back(r);
  }
  x.push_back(rows - 2), x.push_back(rows - 1);
  return x;
}

inline auto large_objective() { return cohort::objective(cohort::ppo_clip{.low = 0.5, .high = 4}); }
inline cohort::logits_policy_gradient_options large_options() {
  return {.normalizer = cohort::by_constant(8), .log_ratio = {.low = -2, .high = 2}};
}

/// Columns: gradients of the logits of those rows, and their log-probs. In large_oracle.cpp.
stories::outcome large_oracle(std::vector<index_t> const& rows);

} // namespace device
