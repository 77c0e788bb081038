// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// exp(x * factor) over packs as the rows of a softmax take it: its ends, its distance from the exact value for every
/// exponent of x and many factors, the same bits in every lane.
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/gradient/detail/row_exponential.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace {

using cohort::detail::exponential_for;
using cohort::detail::packs::scaled_exponential;
using pack = cohort::detail::pack<float>;
using traits = cohort::lane_traits<pack>;
using limits = std::numeric_limits<float>;

constexpr int size = cohort::detail::pack_size;
constexpr int kept = static_cast<int>(exponential_for::compute_type),
              narrow = static_cast<int>(exponential_for::sixteen_bits);
constexpr double factors[] = {0.3, 0.5, 0.7, 0.99, 1.0, 1.01, 1.25, 1.4426950408889634, 2.0, 3.3, 5.0};
/// What |x factor| adds in units of 2^-24: nothing where the factor is two floats, elsewhere its rounding and the product's.
/// Small results round gradually where one instruction takes the product apart.
#if defined(__AVX512DQ__)
constexpr bool gradual = true;
constexpr double by_product = 2;
#else
constexpr bool gradual = false;
constexpr double by_product = cohort::detail::packs::fused_multiply_add ? 0 : 2;
#endif

/// What bodies call: the scaled form where there is one.
template <int Degree>
std::vector<float> exps(std::vector<float> x, double factor) {
  auto const f = cohort::detail::row_exponential<pack, static_cast<exponential_for>(Degree)>(factor);
  while (x.size() % size != 0) x.push_back(0);
  for (std::size_t i = 0; i < x.size(); i += size) traits::store(&x[i], 1, size, f(traits::load(&x[i], 1, size)));
  return x;
}

/// Whether a result below the smallest normal number, or next above it, is 0 or as near as such numbers are.
bool vanishes(double got, double exact) {
  if (got == 0) return true;
  if (!gradual && got < static_cast<double>(limits::min())) return false;
  return std::fabs(got - exact) <= 0x1p-149 + exact * 0x1p-15;
}

/// Relative distance in units of 2^-24 where results are normal, less what the product costs.
template <int Degree>
double worst_error(std::vector<float> const& x, double factor) {
  auto const found = exps<Degree>(x, factor);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const product = static_cast<double>(x[i]) * factor, got = static_cast<double>(found[i]);
    double const exact = std::exp(product), error = std::fabs(got - exact) / exact * 0x1p24;
    if (exact < static_cast<double>(limits::min()) * (1 + 0x1p-15)) {
      if (!vanishes(got, exact)) return cohort::infinity;
    } else {
      worst = error >= 0 ? std::fmax(worst, error - by_product * std::fabs(product)) : cohort::infinity;
    }
  }
  return worst;
}

/// `count` negative numbers spread over [from, 2 from), with its ends.
std::vector<float> binade(int exponent, int count) {
  float const from = std::ldexp(1.0F, exponent);
  std::vector<float> x{-from, -std::nextafter(2 * from, 0.0F)};
  for (int i = 0; i < count; ++i)
    x.push_back(-from - from * (static_cast<float>(i) + 0.5F) / static_cast<float>(count));
  return x;
}

template <int Degree>
double worst_of_binades(int lowest, int highest, int count) {
  double worst = 0;
  for (double const factor : factors)
    for (int e = lowest; e <= highest; ++e) worst = std::fmax(worst, worst_error<Degree>(binade(e, count), factor));
  std::printf("exp(x factor) of degree %d, %d lanes: %.3f * 2^-24\n", Degree, size, worst);
  return worst;
}

/// 2.6 units of the last place at degree 5; 2.8e-6 at degree 4.
constexpr double budget = 2.6 * 2, narrow_budget = 2.9e-6 * 0x1p24 + 4;

template <int Degree>
void check_ends() {
  for (double const factor : factors) {
    INFO("factor " << factor);
    for (float const x : {-limits::infinity(), -limits::max(), -1e4F, static_cast<float>(-104 / factor)})
      CHECK(support::same_bits(exps<Degree>({x}, factor)[0], 0.0F));
    for (float const x : {0.0F, -0.0F}) CHECK(support::same_bits(exps<Degree>({x}, factor)[0], 1.0F));
    CHECK(std::isnan(exps<Degree>({limits::quiet_NaN()}, factor)[0]));
    CHECK(std::isnan(exps<Degree>({-limits::quiet_NaN()}, factor)[0]));
  }
}

} // namespace

TEST_CASE("the row's exp at its ends", "[backend][row_exponential]") {
  check_ends<kept>();
  check_ends<narrow>();
}

TEST_CASE("the row's exp, every binade of float", "[backend][row_exponential]") {
  CHECK(worst_of_binades<kept>(-149, 127, 512) <= budget);
  CHECK(worst_of_binades<narrow>(-149, 127, 512) <= narrow_budget);
}

TEST_CASE("the row's exp where it is neither 0 nor 1", "[backend][row_exponential]") {
  CHECK(worst_of_binades<kept>(-25, 8, 1 << 14) <= budget);
  CHECK(worst_of_binades<narrow>(-25, 8, 1 << 14) <= narrow_budget);
}

TEST_CASE("the row's exp around the last normal result", "[backend][row_exponential]") {
  for (double const factor : factors) {
    auto x = static_cast<float>(std::log(static_cast<double>(limits::min())) / factor);
    for (int i = 0; i < 100; ++i) x = std::nextafter(x, 0.0F);
    std::vector<float> around;
    for (int i = 0; i < 200; ++i) around.push_back(x), x = std::nextafter(x, -1e30F);
    CHECK(worst_error<kept>(around, factor) <= budget);
    CHECK(worst_error<narrow>(around, factor) <= narrow_budget);
  }
}

TEST_CASE("the row's exp above 0, as far as a chunk exceeds its shift", "[backend][row_exponential]") {
  for (double const factor : factors) {
    std::vector<float> x;
    for (int i = 1; i <= 4096; ++i) x.push_back(static_cast<float>(i * 16.5 / 4096 / factor));
    CHECK(worst_error<kept>(x, factor) <= budget);
  }
}

TEST_CASE("the row's exp is the same in every lane", "[backend][row_exponential]") {
  support::random random(5);
  auto const x = random.uniforms<float>(200 * size, -100, 0);
  auto const found = exps<kept>(x, 0.7), short_found = exps<narrow>(x, 0.7);
  for (std::size_t shift = 1; shift < size; ++shift) {
    std::vector<float> const later(x.begin() + static_cast<std::ptrdiff_t>(shift), x.end());
    auto const moved = exps<kept>(later, 0.7), short_moved = exps<narrow>(later, 0.7);
    int different = 0;
    for (std::size_t i = shift; i < x.size(); ++i)
      different +=
          !support::same_bits(moved[i - shift], found[i]) + !support::same_bits(short_moved[i - shift], short_found[i]);
    CHECK(different == 0);
  }
}
