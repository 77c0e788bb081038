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

COHORT_NAMESPACE_END
