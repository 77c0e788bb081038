// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this tensor has another value type than the call
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using input = std::vector<double>;
#else
using input = std::vector<float>;
#endif

void read_from(input const& values) {
  [[maybe_unused]] cohort::view<float const, 1, cohort::host_space> const view = values;
}
