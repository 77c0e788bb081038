// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Sizes, positions and strides: 64 bits everywhere, products checked.
#pragma once

#include <cstdint>

#include <cohort/detail/namespace.hpp>

COHORT_NAMESPACE_BEGIN

/// Extents, strides, offsets, ids and counts. Strides count elements, not bytes.
using index_t = std::int64_t;

/// product = a * b; false, and `product` unspecified, where that leaves 64 bits.
[[nodiscard]] constexpr bool checked_multiply(index_t a, index_t b, index_t& product) noexcept {
#if defined(__GNUC__) || defined(__clang__)
  return !__builtin_mul_overflow(a, b, &product);
#else
  constexpr index_t highest = 9223372036854775807;
  bool const fits = a == 0 || b == 0 ||
                    (a > 0 ? (b > 0 ? a <= highest / b : b >= (-highest - 1) / a)
                           : (b > 0 ? a >= (-highest - 1) / b : b >= highest / a));
  if (fits) product = a * b;
  return fits;
#endif
}

/// sum = a + b; false, and `sum` unspecified, where that leaves 64 bits.
[[nodiscard]] constexpr bool checked_add(index_t a, index_t b, index_t& sum) noexcept {
#if defined(__GNUC__) || defined(__clang__)
  return !__builtin_add_overflow(a, b, &sum);
#else
  constexpr index_t highest = 9223372036854775807;
  bool const fits = b > 0 ? a <= highest - b : a >= -highest - 1 - b;
  if (fits) sum = a + b;
  return fits;
#endif
}

COHORT_NAMESPACE_END
