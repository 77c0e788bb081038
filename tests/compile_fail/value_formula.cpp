// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: a value formula is f\(value, old_value, returns\) and gives a value_term
/// \file
/// A value formula that gives no slope is refused with a sentence.
#include <cohort/cohort.hpp>
#include <cohort/objective/value_loss.hpp>

#include <vector>

struct error {
  template <class V>
  cohort::value_term<V> operator()(V value, V, V returns) const {
    return {value - returns, V(1), V(0)};
  }
};
struct slopeless {
  template <class V>
  V operator()(V value, V, V returns) const {
    return value - returns;
  }
};

void train(cohort::reference_context& context, std::vector<float> const& values, std::vector<float>& gradient) {
#if defined(VIOLATE)
  slopeless const f;
#else
  error const f;
#endif
  cohort::value_loss<float>(context,
                            {.layout = cohort::padded{2, 3}, .value = values, .old_value = values, .returns = values},
                            {.d_value = gradient}, f, {.normalizer = cohort::by_tokens(6)});
}
