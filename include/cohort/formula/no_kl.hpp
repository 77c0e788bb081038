// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/formula/formula.hpp>

COHORT_NAMESPACE_BEGIN

/// No penalty: no reference log-probs are read.
struct no_kl {
  static constexpr double beta = 0;
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE value_and_slope<V> operator()(V, V) const {
    return {V(0), V(0)};
  }
};

COHORT_NAMESPACE_END
