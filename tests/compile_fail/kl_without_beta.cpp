// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: the second argument of objective is a kl_formula
/// \file
/// A penalty has a weight.
#include <cohort/cohort.hpp>

struct own {
#if !defined(VIOLATE)
  double beta = 1;
#endif
  template <class V>
  cohort::value_and_slope<V> operator()(V log_prob, V ref_log_prob) const {
    return {log_prob - ref_log_prob, V(1)};
  }
};

auto const built = cohort::objective(cohort::ppo_clip{}, own{});
