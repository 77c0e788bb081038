// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What may be asked of a tier that sees whole distributions.
#pragma once

#include <optional>

#include <cohort/objective/normalizer.hpp>

COHORT_NAMESPACE_BEGIN

/// loss -= coefficient * sum_t weight[t] * H[t]. The denominator is the loss's own where none is given.
struct entropy_bonus {
  double coefficient = 0;
  std::optional<cohort::normalizer> normalizer{};
};

/// What becomes of the rows of a gradient that is 0.
enum class zero_rows : int { write, leave };
/// Which rows are read: those that may have a gradient, or every valid one, for its log-prob and the metrics.
enum class score_rows : int { live, all };
/// What the head tier multiplies: the rows that have something to say, closed up, their number read back from the
/// context, which waits; or all of them, the others as zeros: more work, and nothing that waits (a CUDA graph).
enum class compaction : int { live_rows, none };
/// What logits are before a log-prob is made of them: rounded to the type of hidden states and weights, as
/// head_policy_gradient and engines that store them have them, or the sums of the product as they are.
enum class logit_rounding : int { stored, none };

COHORT_NAMESPACE_END
