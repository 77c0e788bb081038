// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: -ffast-math breaks
/// \file
/// As -ffast-math defines it.
#if defined(VIOLATE)
#define __FAST_MATH__ 1
#endif
#include <cohort/cohort.hpp>
