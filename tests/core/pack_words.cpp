// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Every word over packs against the same word over scalars, special values and random bit patterns included.
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace {

using namespace cohort; // the words, found for scalars and packs alike
template <class T>
using pack_of = detail::pack<T>;
constexpr int size = detail::pack_size;

template <class T>
pack_of<T> loaded(T const* x) {
  return lane_traits<pack_of<T>>::load(x, 1, size);
}

/// All pairs of special values, and random patterns of every exponent; a whole number of packs.
template <class T>
struct pairs {
  std::vector<T> a, b;
  pairs() {
    auto const special = support::special_values<T>();
    for (T const x : special)
      for (T const y : special) a.push_back(x), b.push_back(y);
    support::random random(23);
    for (int i = 0; i < 20000; ++i) add(random, i % 2 == 0);
    while (a.size() % size != 0) add(random, true);
  }
  void add(support::random& random, bool patterns) {
    using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    a.push_back(patterns ? std::bit_cast<T>(static_cast<bits>(random.bits())) : static_cast<T>(random.normal()));
    b.push_back(patterns ? std::bit_cast<T>(static_cast<bits>(random.bits())) : static_cast<T>(random.normal()));
  }
};

/// word(a, b) over packs equals word(a, b) over scalars by `same`, lane by lane.
template <class T, class Word, class Same>
void check_word(char const* name, Word word, Same same) {
  static pairs<T> const values;
  int wrong = 0;
  for (std::size_t first = 0; first < values.a.size(); first += size) {
    T found[size];
    lane_traits<pack_of<T>>::store(found, 1, size, word(loaded(&values.a[first]), loaded(&values.b[first])));
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

constexpr auto identical = [](auto found, auto expected, auto, auto) {
  return support::same_bits(found, expected) || (std::isnan(found) && std::isnan(expected));
};

} // namespace

TEMPLATE_TEST_CASE("arithmetic words are IEEE's", "[core][pack]", float, double) {
  using T = TestType;
  check_word<T>(
      "+", [](auto a, auto b) { return a + b; }, identical);
  check_word<T>(
      "-", [](auto a, auto b) { return a - b; }, identical);
  check_word<T>(
      "*", [](auto a, auto b) { return a * b; }, identical);
  check_word<T>(
      "/", [](auto a, auto b) { return a / b; }, identical);
  check_word<T>(
      "multiply", [](auto a, auto b) { return lane_multiply(a, b); }, identical);
  check_word<T>(
      "abs", [](auto a, auto) { return lane_abs(a); }, identical);
  check_word<T>(
      "min", [](auto a, auto b) { return lane_min(a, b); }, identical);
  check_word<T>(
      "max", [](auto a, auto b) { return lane_max(a, b); }, identical);
  check_word<T>(
      "clamp", [](auto a, auto) { return lane_clamp(a, decltype(a)(-0.75), decltype(a)(1.25)); }, identical);
}

TEMPLATE_TEST_CASE("fma is fused or a product and a sum", "[core][pack]", float, double) {
  using T = TestType;
  check_word<T>(
      "fma", [](auto a, auto b) { return lane_fma(a, b, decltype(a)(-1.5)); },
      [](T found, T fused, T a, T b) {
        T const apart = lane_multiply(a, b) + T(-1.5);
        return identical(found, fused, a, b) || identical(found, apart, a, b);
      });
}

TEMPLATE_TEST_CASE("comparisons, masks and select", "[core][pack]", float, double) {
  using T = TestType;
  auto const one_where = [](auto bits, auto x) { return lane_select(bits, decltype(x)(1), decltype(x)(0)); };
  check_word<T>(
      "<", [=](auto a, auto b) { return one_where(a < b, a); }, identical);
  check_word<T>(
      "<=", [=](auto a, auto b) { return one_where(a <= b, a); }, identical);
  check_word<T>(
      ">", [=](auto a, auto b) { return one_where(a > b, a); }, identical);
  check_word<T>(
      ">=", [=](auto a, auto b) { return one_where(a >= b, a); }, identical);
  check_word<T>(
      "==", [=](auto a, auto b) { return one_where(a == b, a); }, identical);
  check_word<T>(
      "!=", [=](auto a, auto b) { return one_where(a != b, a); }, identical);
  check_word<T>(
      "finite", [=](auto a, auto) { return one_where(lane_is_finite(a), a); }, identical);
  check_word<T>(
      "and", [=](auto a, auto b) { return one_where(lane_and(a < b, a == a), a); }, identical);
  check_word<T>(
      "or", [=](auto a, auto b) { return one_where(lane_or(a < b, b != b), a); }, identical);
  check_word<T>(
      "not", [=](auto a, auto b) { return one_where(lane_not(a < b), a); }, identical);
  check_word<T>(
      "select", [](auto a, auto b) { return lane_select(a < b, a, b); }, identical);
}

TEMPLATE_TEST_CASE("sqrt is IEEE's", "[core][pack]", float, double) {
  check_word<TestType>(
      "sqrt", [](auto a, auto) { return lane_sqrt(a); }, identical);
}

TEMPLATE_TEST_CASE("log: ends exact, elsewhere near", "[core][pack]", float, double) {
  using T = TestType;
  check_word<T>(
      "log", [](auto a, auto) { return lane_log(a); },
      [](T found, T expected, T x, T) {
        if (std::fpclassify(x) == FP_SUBNORMAL) return true; // Eigen takes the smallest normal number for these
        return std::isfinite(expected) ? support::ulp_distance(found, expected) <= 3 : identical(found, expected, x, x);
      });
}

TEMPLATE_TEST_CASE("any sees one lane", "[core][pack]", float, double) {
  using T = TestType;
  T lanes[size] = {};
  CHECK_FALSE(lane_any(loaded(lanes) != pack_of<T>(0)));
  for (T& x : lanes) {
    x = 1;
    CHECK(lane_any(loaded(lanes) != pack_of<T>(0)));
    x = std::numeric_limits<T>::quiet_NaN();
    CHECK(lane_any(loaded(lanes) != loaded(lanes)));
    x = 0;
  }
  CHECK(lane_any(lane_traits<pack_of<T>>::all()));
  CHECK_FALSE(lane_any(lane_not(lane_traits<pack_of<T>>::all())));
}

TEST_CASE("casts between packs convert each lane as the scalar cast does", "[core][pack]") {
  pairs<double> const wide;
  pairs<float> const narrow;
  int wrong = 0;
  for (std::size_t first = 0; first < wide.a.size(); first += size) {
    float found[size];
    lane_traits<pack_of<float>>::store(found, 1, size, lane_cast<pack_of<float>>(loaded(&wide.a[first])));
    for (int i = 0; i < size; ++i) {
      double const x = wide.a[first + static_cast<std::size_t>(i)];
      float const expected =
          std::fabs(x) > 3.5e38 ? static_cast<float>(std::copysign(infinity, x)) : static_cast<float>(x);
      wrong += !identical(found[i], expected, 0, 0);
    }
  }
  for (std::size_t first = 0; first < narrow.a.size(); first += size) {
    double found[size];
    lane_traits<pack_of<double>>::store(found, 1, size, lane_cast<pack_of<double>>(loaded(&narrow.a[first])));
    for (int i = 0; i < size; ++i)
      wrong += !identical(found[i], static_cast<double>(narrow.a[first + static_cast<std::size_t>(i)]), 0, 0);
  }
  CHECK(wrong == 0);
}
