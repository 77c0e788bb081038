// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Scalar types: what is stored, what is computed in, what sums are kept in.
///
///   storage       float  double  half   bfloat16
///   compute_t     float  double  float  float       (also the type of log-probs out)
///   accumulator   double for group statistics and scalar totals, whatever the storage
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <cohort/core/index.hpp>
#include <cohort/detail/namespace.hpp>

COHORT_NAMESPACE_BEGIN

/// A variable, because the function is host-only for nvcc.
inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

namespace detail {

/// std::bit_cast, which is host-only for nvcc; the builtin is what it is made of.
template <class To, class From>
COHORT_HOST_DEVICE constexpr To bits_as(From const& x) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, x);
}

} // namespace detail

/// IEEE binary16 as stored; arithmetic happens in float.
struct half {
  std::uint16_t bits;
};
/// The upper 16 bits of a binary32 as stored; arithmetic happens in float.
struct bfloat16 {
  std::uint16_t bits;
};

[[nodiscard]] COHORT_HOST_DEVICE constexpr float to_float(bfloat16 x) noexcept {
  return detail::bits_as<float>(static_cast<std::uint32_t>(x.bits) << 16);
}

/// Correctly rounded, ties to even; NaN stays NaN.
[[nodiscard]] COHORT_HOST_DEVICE constexpr bfloat16 to_bfloat16(float x) noexcept {
  auto const bits = detail::bits_as<std::uint32_t>(x);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return {static_cast<std::uint16_t>(bits >> 16 | 0x40U)};
  return {static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16)};
}

[[nodiscard]] COHORT_HOST_DEVICE constexpr float to_float(half x) noexcept {
  std::uint32_t const sign = (x.bits & 0x8000U) << 16, exponent = x.bits >> 10 & 31U, mantissa = x.bits & 0x3ffU;
  if (exponent == 31) return detail::bits_as<float>(sign | 0x7f800000U | mantissa << 13);
  if (exponent != 0) return detail::bits_as<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  float const magnitude = static_cast<float>(mantissa) * 0x1p-24F;
  return sign != 0 ? -magnitude : magnitude;
}

/// Correctly rounded, ties to even; overflow gives infinity, NaN stays NaN.
[[nodiscard]] COHORT_HOST_DEVICE constexpr half to_half(float x) noexcept {
  auto const bits = detail::bits_as<std::uint32_t>(x);
  std::uint32_t const sign = bits >> 16 & 0x8000U, magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return {static_cast<std::uint16_t>(sign | 0x7e00U)};
  if (magnitude >= 0x477ff000U) return {static_cast<std::uint16_t>(sign | 0x7c00U)};
  if (magnitude < 0x38800000U) { // subnormal: adding 1/2 rounds to multiples of 2^-24
    float const shifted = detail::bits_as<float>(magnitude) + 0.5F;
    return {static_cast<std::uint16_t>(sign | (detail::bits_as<std::uint32_t>(shifted) - 0x3f000000U))};
  }
  std::uint32_t const rounded = magnitude + 0xfffU + (magnitude >> 13 & 1U);
  return {static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13))};
}

/// Names the storage kind of a foreign scalar: specialise it with `using storage = cohort::bfloat16;` and the like for
/// a type of the same size and representation.
template <class T>
struct scalar_traits {
  using storage = T;
};
template <class T>
using storage_t = typename scalar_traits<std::remove_cv_t<T>>::storage;

/// The type in which a storage type's arithmetic is done.
template <class T>
using compute_t = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// The largest finite value of a type, as a variable and in double: what a call in T can hold, whatever computes it.
template <class T>
inline constexpr double largest = static_cast<double>((std::numeric_limits<T>::max)());

template <class T>
inline constexpr bool is_storage =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, half> || std::is_same_v<T, bfloat16>;

namespace detail {

/// Copies one element. Through memcpy on the host, where the memory may hold a foreign type of that layout; the device's
/// compiler minds that not, and would copy bytes.
template <class T>
COHORT_HOST_DEVICE COHORT_INLINE void copy_element(T* to, T const* from) noexcept {
#if defined(__CUDA_ARCH__)
  *to = *from;
#else
  std::memcpy(to, from, sizeof(T));
#endif
}

/// Reads one element as S.
template <class S, class T>
COHORT_HOST_DEVICE COHORT_INLINE S widen(T const* p) noexcept {
  if constexpr (std::is_same_v<T, half> || std::is_same_v<T, bfloat16>) {
    T x{};
    copy_element(&x, p);
    return static_cast<S>(to_float(x));
  } else {
    return static_cast<S>(*p);
  }
}

/// The float next to x that a later rounding to 16 bits treats as x: rounded to odd, so that nothing is rounded twice.
COHORT_HOST_DEVICE constexpr float float_before_narrowing(double x) noexcept {
  auto const rounded = static_cast<float>(x);
  auto const back = static_cast<double>(rounded);
  auto const bits = bits_as<std::uint32_t>(rounded);
  if (!(back != x) || !(x == x) || (bits & 0x7fffffffU) == 0x7f800000U) return rounded;
  bool const beyond = x < 0 ? back < x : back > x;
  return bits_as<float>((beyond ? bits - 1 : bits) | 1U);
}
COHORT_HOST_DEVICE constexpr float float_before_narrowing(float x) noexcept { return x; }

/// Writes one value, rounded once.
template <class T, class S>
COHORT_HOST_DEVICE COHORT_INLINE void narrow(T* p, S value) noexcept {
  if constexpr (std::is_same_v<T, half>) {
    half const x = to_half(float_before_narrowing(value));
    copy_element(p, &x);
  } else if constexpr (std::is_same_v<T, bfloat16>) {
    bfloat16 const x = to_bfloat16(float_before_narrowing(value));
    copy_element(p, &x);
  } else {
    *p = static_cast<T>(value);
  }
}

} // namespace detail

COHORT_NAMESPACE_END
