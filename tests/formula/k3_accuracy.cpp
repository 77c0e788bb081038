// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// k3 keeps its digits and its sign at every difference, in scalars and packs of both types.
#include <cmath>
#include <vector>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/formula/k3.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace {

using cohort::k3;
template <class T>
using pack_of = cohort::detail::pack<T>;
constexpr int size = cohort::detail::pack_size;

/// exp(d) - d - 1 by expm1 in long double; by its series where that cancels.
long double exact(long double d) {
  if (std::fabs(d) > 0.3L) return std::expm1(d) - d;
  long double sum = 1;
  for (int k = 24; k > 2; --k) sum = 1 + sum * d / k;
  return d * d / 2 * sum;
}

template <class T>
struct value_slope {
  T value, slope;
};

/// k3 at delta exactly: log_prob 0, ref delta.
template <class T>
std::vector<value_slope<T>> in_scalars(std::vector<T> const& delta) {
  std::vector<value_slope<T>> out;
  for (T const d : delta) out.push_back({k3{1}(T(0), d).value, k3{1}(T(0), d).slope});
  return out;
}
template <class T>
std::vector<value_slope<T>> in_packs(std::vector<T> const& delta) {
  using traits = cohort::lane_traits<pack_of<T>>;
  std::vector<value_slope<T>> out;
  for (std::size_t first = 0; first < delta.size(); first += size) {
    int const count = static_cast<int>(delta.size() - first < size ? delta.size() - first : size);
    auto const x = k3{1}(pack_of<T>(0), traits::load(&delta[first], 1, count));
    T value[size], slope[size];
    traits::store(value, 1, size, x.value);
    traits::store(slope, 1, size, x.slope);
    for (int i = 0; i < count; ++i) out.push_back({value[i], slope[i]});
  }
  return out;
}

/// Differences of every size up to 80: even steps, powers of two with random digits, the neighbourhood of 1.
template <class T>
std::vector<T> differences() {
  std::vector<T> delta;
  support::random random(6);
  int const least = std::is_same_v<T, float> ? -60 : -500; // squares stay normal
  for (int i = 0; i < 100000; ++i) delta.push_back(static_cast<T>(random.uniform(-80, 80)));
  for (int i = 0; i < 100000; ++i) {
    int const exponent = static_cast<int>(random.integer(least, 6));
    delta.push_back(static_cast<T>(std::ldexp(random.uniform(0.5, 1), exponent) * (i % 2 ? 1 : -1)));
  }
  for (double const edge : {1.0, -1.0})
    for (int i = -1000; i <= 1000; ++i)
      delta.push_back(static_cast<T>(edge * (1 + i * static_cast<double>(std::numeric_limits<T>::epsilon()))));
  return delta;
}

template <class T>
void check_accuracy(std::vector<T> const& delta, std::vector<value_slope<T>> const& found) {
  double worst_value = 0, worst_slope = 0, at_value = 0, at_slope = 0;
  for (std::size_t i = 0; i < delta.size(); ++i) {
    if (std::fabs(delta[i]) > 80) continue;
    long double const d = delta[i], value = exact(d), slope = -std::expm1(d);
    auto const error = [](T a, long double b) {
      return static_cast<double>(std::fabs((a - b) / b)) / support::unit_roundoff<T>;
    };
    if (error(found[i].value, value) > worst_value) worst_value = error(found[i].value, value), at_value = delta[i];
    if (error(found[i].slope, slope) > worst_slope) worst_slope = error(found[i].slope, slope), at_slope = delta[i];
  }
  CAPTURE(at_value, at_slope);
  CHECK(worst_value <= 16);
  CHECK(worst_slope <= 16);
}

} // namespace

TEMPLATE_TEST_CASE("k3 and its slope are within 16 u for differences up to 80", "[formula][k3]", float, double) {
  auto const delta = differences<TestType>();
  check_accuracy(delta, in_scalars(delta));
  check_accuracy(delta, in_packs(delta));
}

TEMPLATE_TEST_CASE("k3 is never negative", "[formula][k3]", float, double) {
  support::random random(9);
  std::vector<TestType> delta(2000000);
  for (std::size_t i = 0; i < delta.size(); ++i) {
    double const scale = std::ldexp(1.0, -static_cast<int>(i % 40));
    delta[i] = static_cast<TestType>(random.uniform(-4, 4) * scale);
  }
  int negative = 0, zero = 0;
  for (auto const& x : in_packs(delta)) negative += !(x.value >= 0), zero += x.value == 0;
  for (auto const& x : in_scalars(delta)) negative += !(x.value >= 0);
  CHECK(negative == 0);
  CHECK(zero < 10);
}

TEST_CASE("golden K5: at 1e-4 in float every digit is there", "[formula][k3]") {
  auto const x = k3{1}(0.0F, 1e-4F);
  CHECK(x.value == approx(5.000166674e-9).epsilon(1e-6));
  CHECK(x.slope == approx(-1.00005e-4).epsilon(1e-6));
  CHECK(k3{1}(-1.0, -1.0 - 1e-9).value > 0);
}
