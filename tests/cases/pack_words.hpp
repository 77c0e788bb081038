// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Every word over a lane type of several lanes against the same word over scalars, special values and random bit
/// patterns included.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <cohort/core/accumulator.hpp>
#include <cohort/core/lane.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace pack_cases {

using namespace cohort; // the words, found for scalars and packs alike
template <class V>
using scalar_of = typename lane_traits<V>::scalar;
template <class V>
inline constexpr int lanes_in = lane_traits<V>::size;

template <class V>
V loaded(scalar_of<V> const* x) {
  return lane_traits<V>::load(x, 1, lanes_in<V>);
}

/// All pairs of special values, and random patterns of every exponent; a multiple of every number of lanes.
template <class T>
struct pairs {
  std::vector<T> a, b;
  pairs() {
    auto const special = support::special_values<T>();
    for (T const x : special)
      for (T const y : special) a.push_back(x), b.push_back(y);
    support::random random(23);
    for (int i = 0; i < 20000; ++i) add(random, i % 2 == 0);
    while (a.size() % 64 != 0) add(random, true);
  }
  void add(support::random& random, bool patterns) {
    using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    a.push_back(patterns ? std::bit_cast<T>(static_cast<bits>(random.bits())) : static_cast<T>(random.normal()));
    b.push_back(patterns ? std::bit_cast<T>(static_cast<bits>(random.bits())) : static_cast<T>(random.normal()));
  }
};

/// word(a, b) over packs equals word(a, b) over scalars by `same`, lane by lane.
template <class V, class Word, class Same>
void check_word(char const* name, Word word, Same same) {
  using T = scalar_of<V>;
  constexpr int size = lanes_in<V>;
  static pairs<T> const values;
  int wrong = 0;
  for (std::size_t first = 0; first < values.a.size(); first += size) {
    T found[size];
    lane_traits<V>::store(found, 1, size, word(loaded<V>(&values.a[first]), loaded<V>(&values.b[first])));
    for (int i = 0; i < size; ++i) {
      T const x = values.a[first + static_cast<std::size_t>(i)], y = values.b[first + static_cast<std::size_t>(i)];
      T const expected = word(x, y);
      if (same(found[i], expected, x, y) || ++wrong > 3) continue;
      INFO(name << "(" << x << ", " << y << ") is " << found[i] << ", not " << expected);
      CHECK(false);
    }
  }
  INFO(name);
  CHECK(wrong == 0);
}

inline constexpr auto identical = [](auto found, auto expected, auto, auto) {
  return support::same_bits(found, expected) || (std::isnan(found) && std::isnan(expected));
};

/// Arithmetic words are IEEE's.
template <class V>
void check_arithmetic() {
  check_word<V>(
      "+", [](auto a, auto b) { return a + b; }, identical);
  check_word<V>(
      "-", [](auto a, auto b) { return a - b; }, identical);
  check_word<V>(
      "*", [](auto a, auto b) { return a * b; }, identical);
  check_word<V>(
      "/", [](auto a, auto b) { return a / b; }, identical);
  check_word<V>(
      "multiply", [](auto a, auto b) { return lane_multiply(a, b); }, identical);
  check_word<V>(
      "abs", [](auto a, auto) { return lane_abs(a); }, identical);
  check_word<V>(
      "min", [](auto a, auto b) { return lane_min(a, b); }, identical);
  check_word<V>(
      "max", [](auto a, auto b) { return lane_max(a, b); }, identical);
  check_word<V>(
      "clamp", [](auto a, auto) { return lane_clamp(a, decltype(a)(-0.75), decltype(a)(1.25)); }, identical);
}

/// Fma is fused or a product and a sum.
template <class V>
void check_fma() {
  check_word<V>(
      "fma", [](auto a, auto b) { return lane_fma(a, b, decltype(a)(-1.5)); },
      []<class T>(T found, T fused, T a, T b) {
        T const apart = lane_multiply(a, b) + T(-1.5);
        return identical(found, fused, a, b) || identical(found, apart, a, b);
      });
}

/// Comparisons, masks and select.
template <class V>
void check_comparisons() {
  auto const one_where = [](auto bits, auto x) { return lane_select(bits, decltype(x)(1), decltype(x)(0)); };
  check_word<V>(
      "<", [=](auto a, auto b) { return one_where(a < b, a); }, identical);
  check_word<V>(
      "<=", [=](auto a, auto b) { return one_where(a <= b, a); }, identical);
  check_word<V>(
      ">", [=](auto a, auto b) { return one_where(a > b, a); }, identical);
  check_word<V>(
      ">=", [=](auto a, auto b) { return one_where(a >= b, a); }, identical);
  check_word<V>(
      "==", [=](auto a, auto b) { return one_where(a == b, a); }, identical);
  check_word<V>(
      "!=", [=](auto a, auto b) { return one_where(a != b, a); }, identical);
  check_word<V>(
      "finite", [=](auto a, auto) { return one_where(lane_is_finite(a), a); }, identical);
  check_word<V>(
      "and", [=](auto a, auto b) { return one_where(lane_and(a < b, a == a), a); }, identical);
  check_word<V>(
      "or", [=](auto a, auto b) { return one_where(lane_or(a < b, b != b), a); }, identical);
  check_word<V>(
      "not", [=](auto a, auto b) { return one_where(lane_not(a < b), a); }, identical);
  check_word<V>(
      "select", [](auto a, auto b) { return lane_select(a < b, a, b); }, identical);
}

/// Sqrt is IEEE's.
template <class V>
void check_sqrt() {
  check_word<V>(
      "sqrt", [](auto a, auto) { return lane_sqrt(a); }, identical);
}

/// Log: ends exact, elsewhere near.
template <class V>
void check_log() {
  check_word<V>(
      "log", [](auto a, auto) { return lane_log(a); },
      []<class T>(T found, T expected, T x, T) {
        if (std::fpclassify(x) == FP_SUBNORMAL) return true; // Eigen takes the smallest normal number for these
        return std::isfinite(expected) ? support::ulp_distance(found, expected) <= 3 : identical(found, expected, x, x);
      });
}

/// Any sees one lane.
template <class V>
void check_any() {
  using T = scalar_of<V>;
  T lanes[lanes_in<V>] = {};
  CHECK_FALSE(lane_any(loaded<V>(lanes) != V(0)));
  for (T& x : lanes) {
    x = 1;
    CHECK(lane_any(loaded<V>(lanes) != V(0)));
    x = std::numeric_limits<T>::quiet_NaN();
    CHECK(lane_any(loaded<V>(lanes) != loaded<V>(lanes)));
    x = 0;
  }
  CHECK(lane_any(lane_traits<V>::all()));
  CHECK_FALSE(lane_any(lane_not(lane_traits<V>::all())));
}

/// A double as float; infinity beyond.
inline float narrowed(double x) {
  return std::fabs(x) > 3.5e38 ? static_cast<float>(std::copysign(infinity, x)) : static_cast<float>(x);
}

/// Casts convert each lane as the scalar cast does, from V and back.
template <class V, class W>
void check_casts() {
  static_assert(lanes_in<V> == lanes_in<W>);
  using T = scalar_of<V>;
  pairs<T> const values;
  int wrong = 0;
  for (std::size_t first = 0; first < values.a.size(); first += lanes_in<V>) {
    scalar_of<W> found[lanes_in<V>];
    lane_traits<W>::store(found, 1, lanes_in<V>, lane_cast<W>(loaded<V>(&values.a[first])));
    for (int i = 0; i < lanes_in<V>; ++i) {
      T const x = values.a[first + static_cast<std::size_t>(i)];
      if constexpr (std::is_same_v<T, double>)
        wrong += !identical(found[i], narrowed(x), 0, 0);
      else
        wrong += !identical(found[i], static_cast<double>(x), 0, 0);
    }
  }
  CHECK(wrong == 0);
}

} // namespace pack_cases
