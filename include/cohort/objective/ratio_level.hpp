// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/detail/namespace.hpp>

COHORT_NAMESPACE_BEGIN

/// Whose importance ratio a token has, l being the log ratio of a token.
///
///   token             exp(l), its own
///   sequence          exp(mean over the sequence's tokens of l), with the gradient through that mean
///   sequence_token    the same value; each token keeps its own gradient
///   sequence_product  exp(sum over the sequence's tokens of l), with the gradient through that sum
///
/// Source  Zheng et al. 2025 (arXiv 2507.18071): GSPO and GSPO-token; Ahmadian et al. 2024 (arXiv 2402.14740): RLOO.
enum class ratio_level : int { token, sequence, sequence_token, sequence_product };

COHORT_NAMESPACE_END
