// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Bits, distances between floating-point numbers, and repeatable random values.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace support {

template <class T>
concept contiguous = requires(T const& x) {
  std::data(x), std::size(x);
};

/// Whether two scalars have the same representation: -0 is not +0, a NaN is itself.
template <class T>
requires(std::is_trivially_copyable_v<T> && !contiguous<T>) bool same_bits(T const& a, T const& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

/// Element by element, over contiguous ranges of the same value type.
template <contiguous A, contiguous B>
bool same_bits(A const& a, B const& b) {
  using value = std::remove_cvref_t<decltype(*std::data(a))>;
  static_assert(std::same_as<value, std::remove_cvref_t<decltype(*std::data(b))>>);
  auto const n = static_cast<std::size_t>(std::size(a));
  return n == static_cast<std::size_t>(std::size(b)) &&
         (n == 0 || std::memcmp(std::data(a), std::data(b), n * sizeof(value)) == 0);
}

/// Integers in the order of the numbers; both zeros are 0.
template <std::floating_point T>
std::int64_t ordinal(T x) {
  using bits_t = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  auto const bits = static_cast<std::int64_t>(std::bit_cast<bits_t>(x));
  std::int64_t const lowest = std::numeric_limits<bits_t>::min();
  return bits >= 0 ? bits : lowest - bits;
}

/// How many representable numbers apart; infinite where exactly one is NaN, 0 where both are.
template <std::floating_point T>
double ulp_distance(T a, T b) {
  if (std::isnan(a) || std::isnan(b))
    return std::isnan(a) && std::isnan(b) ? 0.0 : std::numeric_limits<double>::infinity();
  std::int64_t const x = ordinal(a), y = ordinal(b);
  auto const low = static_cast<std::uint64_t>(x < y ? x : y), high = static_cast<std::uint64_t>(x < y ? y : x);
  return static_cast<double>(high - low);
}

/// |found - expected| in units of the expected number's last place in T; the reference may be wider than T.
template <std::floating_point T, std::floating_point Wide>
double ulp_error(T found, Wide expected) {
  if (std::isnan(found) || std::isnan(expected))
    return std::isnan(found) && std::isnan(expected) ? 0.0 : std::numeric_limits<double>::infinity();
  if (static_cast<Wide>(found) == expected) return 0;
  if (std::isinf(found) || std::isinf(expected)) return std::numeric_limits<double>::infinity();
  int exponent = 0;
  std::frexp(expected, &exponent);
  int const least = std::numeric_limits<T>::min_exponent;
  int const last_place = (exponent < least ? least : exponent) - std::numeric_limits<T>::digits;
  return static_cast<double>(std::ldexp(std::fabs(static_cast<Wide>(found) - expected), -last_place));
}

/// The unit roundoff.
template <std::floating_point T>
inline constexpr double unit_roundoff = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;

/// Repeatable on every platform: mt19937_64 alone, no standard distribution.
class random {
public:
  explicit random(std::uint64_t seed = 1) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  /// In [low, high).
  double uniform(double low = 0, double high = 1) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11) * 0x1p-53);
  }
  /// In [low, high].
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(engine_() % (static_cast<std::uint64_t>(high - low) + 1));
  }
  /// Mean 0, standard deviation 1, within six of them: the sum of twelve uniforms.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }
  template <class T>
  std::vector<T> uniforms(std::size_t n, double low, double high) {
    std::vector<T> values(n);
    for (T& x : values) x = static_cast<T>(uniform(low, high));
    return values;
  }
  template <class T>
  std::vector<T> normals(std::size_t n, double scale = 1) {
    std::vector<T> values(n);
    for (T& x : values) x = static_cast<T>(normal() * scale);
    return values;
  }

private:
  std::mt19937_64 engine_;
};

/// The numbers at which arithmetic changes its mind.
template <std::floating_point T>
std::vector<T> special_values() {
  using limits = std::numeric_limits<T>;
  std::vector<T> const positive{T(0),
                                limits::denorm_min(),
                                limits::min() / 2,
                                limits::min(),
                                T(1e-6),
                                T(0.5),
                                T(1),
                                T(1.5),
                                T(2),
                                T(87),
                                T(88),
                                T(708),
                                limits::max(),
                                limits::infinity(),
                                limits::quiet_NaN()};
  std::vector<T> values = positive;
  for (T x : positive) values.push_back(-x);
  return values;
}

} // namespace support
