// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: the first argument of objective is a surrogate_formula
/// \file
/// A formula returns its slope with its value.
#include <cohort/cohort.hpp>

struct own {
  template <class V>
#if defined(VIOLATE)
  V operator()(V ratio, V advantage) const {
    return V(0) - ratio * advantage;
  }
#else
  cohort::surrogate_term<V> operator()(V ratio, V advantage) const {
    V const slope = V(0) - ratio * advantage;
    return {slope, slope, V(0), V(0)};
  }
#endif
};

auto const built = cohort::objective(own{});
