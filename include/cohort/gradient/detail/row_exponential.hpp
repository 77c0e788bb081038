// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// exp(x * factor) as the rows of a softmax need it: x <= 0, one factor per row.
#pragma once

#include <cohort/core/lane.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// How many of its digits survive: 2^-22 where the result stays in float, 2^-18 where it is rounded to 16 bits.
enum class exponential_for : int { sixteen_bits = 4, compute_type = 5 };

template <class V>
struct plain_row_exponential {
  V factor;
  COHORT_HOST_DEVICE COHORT_INLINE V operator()(V x) const { return lane_exp(x * factor); }
};

/// The lanes' own form where they have one.
template <class V, exponential_for For>
COHORT_HOST_DEVICE COHORT_INLINE auto row_exponential(double factor) {
  constexpr int degree = static_cast<int>(For);
  if constexpr (requires { lane_traits<V>::template scaled_exponential<degree>(factor); })
    return lane_traits<V>::template scaled_exponential<degree>(factor);
  else
    return plain_row_exponential<V>{V(factor)};
}

} // namespace detail

COHORT_NAMESPACE_END
