// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// half and bfloat16 against Eigen's own conversions and against arithmetic in double.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <Eigen/Core>

#include <cohort/core/numeric.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace {

/// The value of 1 + exponent_bits + mantissa_bits bits by its definition; NaN payloads are not told apart.
double decoded(std::uint32_t bits, int exponent_bits, int mantissa_bits) {
  std::uint32_t const mantissa = bits & ((1U << mantissa_bits) - 1);
  std::uint32_t const exponent = bits >> mantissa_bits & ((1U << exponent_bits) - 1);
  bool const negative = (bits >> (exponent_bits + mantissa_bits)) != 0;
  int const bias = (1 << (exponent_bits - 1)) - 1;
  double magnitude = std::ldexp(mantissa, 1 - bias - mantissa_bits);
  if (exponent == (1U << exponent_bits) - 1)
    magnitude = mantissa ? cohort::not_a_number : cohort::infinity;
  else if (exponent != 0)
    magnitude = std::ldexp(mantissa + (1U << mantissa_bits), static_cast<int>(exponent) - bias - mantissa_bits);
  return negative ? -magnitude : magnitude;
}

bool same_value(float a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (static_cast<double>(a) == b && std::signbit(a) == std::signbit(b));
}

/// Floats at and around every boundary between two 16-bit numbers, and random ones of every exponent.
template <class Short, class Widen>
std::vector<float> boundary_floats(Widen widen) {
  std::vector<float> values = support::special_values<float>();
  for (std::uint32_t bits = 0; bits < 0x10000U; bits += 3) {
    float const x = widen(Short{static_cast<std::uint16_t>(bits)});
    float const next = widen(Short{static_cast<std::uint16_t>(bits + 1)});
    float const middle = static_cast<float>(0.5 * static_cast<double>(x) + 0.5 * static_cast<double>(next));
    for (float const y : {x, middle}) {
      values.push_back(y);
      values.push_back(std::nextafter(y, -1e38F));
      values.push_back(std::nextafter(y, 1e38F));
    }
  }
  support::random random(3);
  for (int i = 0; i < 400000; ++i) values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random.bits())));
  return values;
}

template <class Narrow, class Oracle, class IsNan>
void check_rounding(std::vector<float> const& values, Narrow narrow, Oracle oracle, IsNan is_nan) {
  int wrong = 0;
  for (float const x : values) {
    std::uint16_t const found = narrow(x), expected = oracle(x);
    bool const same = std::isnan(x) ? is_nan(found) && std::signbit(x) == (found >> 15 != 0) : found == expected;
    if (!same && ++wrong < 5) {
      CAPTURE(std::bit_cast<std::uint32_t>(x), found, expected);
      CHECK(same);
    }
  }
  CHECK(wrong == 0);
}

bool is_nan_half(std::uint16_t bits) { return (bits & 0x7fffU) > 0x7c00U; }
bool is_nan_bfloat16(std::uint16_t bits) { return (bits & 0x7fffU) > 0x7f80U; }

} // namespace

TEST_CASE("all half patterns widen exactly", "[core][half]") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    auto const pattern = static_cast<std::uint16_t>(bits);
    float const found = cohort::to_float(cohort::half{pattern});
    float const other = static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(pattern));
    wrong += !same_value(found, decoded(bits, 5, 10)) || !same_value(found, static_cast<double>(other));
    wrong += !std::isnan(found) && cohort::to_half(found).bits != pattern;
  }
  CHECK(wrong == 0);
}

TEST_CASE("all bfloat16 patterns widen exactly", "[core][half]") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    auto const pattern = static_cast<std::uint16_t>(bits);
    float const found = cohort::to_float(cohort::bfloat16{pattern});
    float const other = static_cast<float>(Eigen::numext::bit_cast<Eigen::bfloat16>(pattern));
    wrong += !same_value(found, decoded(bits, 8, 7)) || !same_value(found, static_cast<double>(other));
    wrong += !std::isnan(found) && cohort::to_bfloat16(found).bits != pattern;
  }
  CHECK(wrong == 0);
}

TEST_CASE("to_half rounds to nearest, ties to even", "[core][half]") {
  check_rounding(
      boundary_floats<cohort::half>([](cohort::half x) { return cohort::to_float(x); }),
      [](float x) { return cohort::to_half(x).bits; },
      [](float x) { return Eigen::numext::bit_cast<std::uint16_t>(Eigen::half(x)); }, is_nan_half);
  CHECK(cohort::to_half(65504.0F).bits == 0x7bff);
  CHECK(cohort::to_half(std::nextafter(65520.0F, 0.0F)).bits == 0x7bff);
  CHECK(cohort::to_half(65520.0F).bits == 0x7c00);
  CHECK(cohort::to_half(-1e30F).bits == 0xfc00);
  CHECK(cohort::to_half(0x1p-25F).bits == 0);
  CHECK(cohort::to_half(std::nextafter(0x1p-25F, 1.0F)).bits == 1);
  CHECK(cohort::to_half(-0.0F).bits == 0x8000);
}

TEST_CASE("to_bfloat16 rounds to nearest, ties to even", "[core][half]") {
  check_rounding(
      boundary_floats<cohort::bfloat16>([](cohort::bfloat16 x) { return cohort::to_float(x); }),
      [](float x) { return cohort::to_bfloat16(x).bits; },
      [](float x) { return Eigen::numext::bit_cast<std::uint16_t>(Eigen::bfloat16(x)); }, is_nan_bfloat16);
  CHECK(cohort::to_bfloat16(std::numeric_limits<float>::max()).bits == 0x7f80);
  CHECK(cohort::to_bfloat16(1.0F + 0x1p-8F).bits == 0x3f80);
  CHECK(cohort::to_bfloat16(1.0F + 3 * 0x1p-8F).bits == 0x3f82);
  CHECK(is_nan_bfloat16(cohort::to_bfloat16(std::bit_cast<float>(0x7f800001U)).bits));
}

TEST_CASE("a double is rounded to 16 bits once", "[core][half]") {
  auto const as_half = [](double x) {
    cohort::half h{};
    cohort::detail::narrow(&h, x);
    return h.bits;
  };
  auto const as_bfloat16 = [](double x) {
    cohort::bfloat16 b{};
    cohort::detail::narrow(&b, x);
    return b.bits;
  };
  // Halfway between two neighbours, a little above and a little below: float alone cannot tell them apart.
  CHECK(as_half(1.0 + 0x1p-11) == 0x3c00);
  CHECK(as_half(1.0 + 0x1p-11 + 0x1p-40) == 0x3c01);
  CHECK(as_half(1.0 + 0x3p-11 - 0x1p-40) == 0x3c01);
  CHECK(as_half(-(1.0 + 0x1p-11 + 0x1p-40)) == 0xbc01);
  CHECK(as_half(0x1p-25 + 0x1p-60) == 0x0001);
  CHECK(as_half(1e300) == 0x7c00);
  CHECK(as_bfloat16(1.0 + 0x1p-8) == 0x3f80);
  CHECK(as_bfloat16(1.0 + 0x1p-8 + 0x1p-45) == 0x3f81);
  CHECK(as_bfloat16(1.0 + 0x3p-8 - 0x1p-45) == 0x3f81);
  CHECK(as_bfloat16(-cohort::infinity) == 0xff80);
}

TEST_CASE("a double below every float rounds to a zero of its sign", "[core][half]") {
  for (double const x : {-1e-46, -1e-300, -4.9e-324, 1e-46, 1e-300, 4.9e-324}) {
    cohort::half h{77};
    cohort::bfloat16 b{77};
    cohort::detail::narrow(&h, x), cohort::detail::narrow(&b, x);
    CHECK((h.bits == (x < 0 ? 0x8000 : 0) && b.bits == (x < 0 ? 0x8000 : 0)));
  }
}

TEST_CASE("the 16-bit kinds are 2 bytes and convert at compile time", "[core][half]") {
  STATIC_REQUIRE(sizeof(cohort::half) == 2);
  STATIC_REQUIRE(sizeof(cohort::bfloat16) == 2);
  STATIC_REQUIRE(cohort::to_float(cohort::half{0x3c00}) == 1.0F);
  STATIC_REQUIRE(cohort::to_float(cohort::to_bfloat16(1.5F)) == 1.5F);
  STATIC_REQUIRE(std::is_same_v<cohort::compute_t<cohort::half>, float>);
  STATIC_REQUIRE(std::is_same_v<cohort::compute_t<double>, double>);
  STATIC_REQUIRE(!cohort::is_storage<int>);
}
