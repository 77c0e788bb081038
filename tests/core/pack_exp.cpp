// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// lane_exp over packs: its ends, and its distance from the exact value over a dense sweep.
#include <cmath>
#include <limits>
#include <vector>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace {

constexpr int size = cohort::detail::pack_size;

template <class T>
std::vector<T> exps(std::vector<T> x) {
  using traits = cohort::lane_traits<cohort::detail::pack<T>>;
  while (x.size() % size != 0) x.push_back(0);
  for (std::size_t i = 0; i < x.size(); i += size)
    traits::store(&x[i], 1, size, lane_exp(traits::load(&x[i], 1, size)));
  return x;
}
template <class T>
T exp_of(T x) {
  return exps<T>({x})[0];
}

/// The largest distance in units of the last place over an even sweep, where the result is normal and finite.
template <class T, class Exact>
double worst_error(double low, double high, int steps, Exact exact) {
  std::vector<T> x;
  for (int i = 0; i <= steps; ++i) x.push_back(static_cast<T>(low + (high - low) * i / steps));
  auto const found = exps(x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto const expected = exact(x[i]);
    if (expected < std::numeric_limits<T>::min() * (1 + 1e-6) || expected > std::numeric_limits<T>::max()) continue;
    worst = std::fmax(worst, support::ulp_error(found[i], expected));
  }
  return worst;
}
double exact_float(float x) { return std::exp(static_cast<double>(x)); }
long double exact_double(double x) { return std::exp(static_cast<long double>(x)); }

} // namespace

TEMPLATE_TEST_CASE("exp at its ends", "[core][pack]", float, double) {
  using T = TestType;
  using limits = std::numeric_limits<T>;
  T const lowest = std::log(limits::min()), highest = std::log(limits::max());
  for (T const x : {-limits::infinity(), -limits::max(), T(-1e4), lowest - 1, T(lowest * T(1.0001))}) {
    CAPTURE(x);
    CHECK(support::same_bits(exp_of(x), T(0)));
  }
  for (T const x : {limits::infinity(), limits::max(), T(1e4), highest + 1, T(highest * T(1.0001))}) {
    CAPTURE(x);
    CHECK(exp_of(x) == limits::infinity());
  }
  CHECK(std::isnan(exp_of(limits::quiet_NaN())));
  CHECK(std::isnan(exp_of(-limits::quiet_NaN())));
  for (T const x : {T(0), T(-0.0), limits::denorm_min(), -limits::denorm_min(), limits::min(), -limits::min()})
    CHECK(exp_of(x) == 1);
}

TEMPLATE_TEST_CASE("exp next to its ends is right or beyond them", "[core][pack]", float, double) {
  using T = TestType;
  using limits = std::numeric_limits<T>;
  T x = std::log(limits::max());
  for (int i = 0; i < 40; ++i) x = std::nextafter(x, T(0));
  for (int i = 0; i < 80; ++i, x = std::nextafter(x, limits::infinity())) {
    CAPTURE(x, i);
    T const found = exp_of(x), expected = std::exp(x);
    if (std::isfinite(expected))
      CHECK(support::ulp_error(found, expected) <= 3);
    else
      CHECK(found == limits::infinity());
  }
  T y = std::log(limits::min());
  for (int i = 0; i < 40; ++i) y = std::nextafter(y, T(0));
  for (int i = 0; i < 80; ++i, y = std::nextafter(y, -limits::infinity())) {
    CAPTURE(y, i);
    T const found = exp_of(y), expected = std::exp(y);
    CHECK((found == 0 ? expected <= limits::min() * T(1.001) : support::ulp_error(found, expected) <= 3));
  }
}

TEST_CASE("exp in float is within 3 units of the last place", "[core][pack]") {
  CHECK(worst_error<float>(-88, 89, 2000000, exact_float) <= 3);
  CHECK(worst_error<float>(-1, 1, 500000, exact_float) <= 3);
  CHECK(worst_error<float>(-1e-4, 1e-4, 100000, exact_float) <= 3);
}

TEST_CASE("exp in double is within 3 units of the last place", "[core][pack]") {
  CHECK(worst_error<double>(-709, 710, 500000, exact_double) <= 3);
  CHECK(worst_error<double>(-1, 1, 200000, exact_double) <= 3);
  CHECK(worst_error<double>(-1e-9, 1e-9, 50000, exact_double) <= 3);
}
