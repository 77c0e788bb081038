// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: this tensor has the wrong number of dimensions
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using input = float[2][3];
#else
using input = float[6];
#endif

void read_from(input const& values) {
  [[maybe_unused]] cohort::view<float const, 1, cohort::host_space> const view = values;
}
