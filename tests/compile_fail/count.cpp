// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: a count is a number
#include <cohort/cohort.hpp>

#include <string>

#if defined(VIOLATE)
using number = std::string;
#else
using number = long;
#endif

auto denominator(number const& n) { return cohort::by_tokens(n); }
