// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Numbers in the types that tensors are stored in.
#pragma once

#include <cohort/core/numeric.hpp>

namespace cases {

/// x rounded once.
template <class L>
L stored(double x) {
  L out{};
  cohort::detail::narrow(&out, x);
  return out;
}
template <class L>
double value(L const& x) {
  return cohort::detail::widen<double>(&x);
}

} // namespace cases
