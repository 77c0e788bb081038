// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: an output must be writable, and this tensor is const
#include <cohort/cohort.hpp>

#include <vector>

#if defined(VIOLATE)
using output = std::vector<float> const;
#else
using output = std::vector<float>;
#endif

void write_into(output& values) { [[maybe_unused]] cohort::view<float, 1, cohort::host_space> const view = values; }
