// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The format reward: does the completion look as it was asked to?
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/pattern.hpp>

#include <cmath>
#include <string_view>

COHORT_NAMESPACE_BEGIN

enum class match_extent : unsigned char { whole_text, anywhere };

/// reward = 1 if the completion matches the pattern, as a whole or anywhere, else 0; NaN for a pattern in error.
inline double format_match(std::string_view const completion, text_pattern const& pattern,
                           match_extent const extent = match_extent::whole_text) noexcept {
  if (!pattern) return std::nan("");
  bool const whole = extent == match_extent::whole_text;
  return (whole ? pattern.matches(completion) : pattern.found_in(completion)) ? 1.0 : 0.0;
}

COHORT_NAMESPACE_END
