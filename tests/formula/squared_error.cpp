// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cmath>
#include <string>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/formula/squared_error.hpp>
#include <support/catch.hpp>
#include <support/dual.hpp>
#include <support/numbers.hpp>

namespace {

using cohort::infinity;
using cohort::squared_error;

static_assert(cohort::value_formula<squared_error>);

double plain(squared_error const& f, double value, double old, double returns) {
  double const held = std::fmin(std::fmax(value, old - f.clip), old + f.clip);
  return (f.half ? 0.5 : 1) * std::fmax((value - returns) * (value - returns), (held - returns) * (held - returns));
}

template <class T>
void check_slope(squared_error const& f, double value, double old, double returns) {
  using dual = support::basic_dual<T>;
  auto const v = static_cast<T>(value), o = static_cast<T>(old), r = static_cast<T>(returns);
  auto const found = f(v, o, r);
  auto const same_text = f(dual::variable(v), dual(o, T(0)), dual(r, T(0))).value;
  CAPTURE(value, old, returns, f.clip);
  REQUIRE(found.value == same_text.value);
  REQUIRE(found.slope == same_text.slope);
  REQUIRE(found.value == approx(plain(f, value, old, returns)).epsilon(1e-4).margin(1e-6));
}

} // namespace

TEST_CASE("golden L22: the squared error and its clipped form", "[formula][squared_error]") {
  squared_error const half{.clip = 0.2}, whole{.clip = 0.2, .half = false};
  struct row {
    double value, returns, loss, slope;
  };
  for (row const& x : {row{0.9, 1.0, 0.09, 0}, {0.6, 0.2, 0.16, 0.8}, {0.5, 0.5, 0, 0}}) {
    CAPTURE(x.value, x.returns);
    auto const h = half(x.value, 0.5, x.returns), w = whole(x.value, 0.5, x.returns);
    CHECK((w.value == approx(x.loss).epsilon(1e-14) && h.value == approx(x.loss / 2).epsilon(1e-14)));
    CHECK((w.slope == approx(x.slope).epsilon(1e-14) && h.slope == approx(x.slope / 2).epsilon(1e-14)));
    CHECK(h.clipped == (x.value == 0.9 ? 1 : 0));
  }
}

TEST_CASE("squared_error: the slope is the derivative of the same text", "[formula][squared_error]") {
  support::random random(3);
  for (int i = 0; i < 20000; ++i) {
    squared_error const f{.clip = i % 5 == 0 ? infinity : random.uniform(0, 1.5), .half = i % 2 == 0};
    double const value = random.normal(), old = value + random.normal(), returns = random.normal();
    check_slope<float>(f, value, old, returns);
    check_slope<double>(f, value, old, returns);
    double const held = std::fmin(std::fmax(value, old - f.clip), old + f.clip);
    if (held != value && std::fabs(std::fabs(value - returns) - std::fabs(held - returns)) < 1e-4) continue;
    double const difference = support::central_difference([&](double x) { return plain(f, x, old, returns); }, value);
    REQUIRE(f(value, old, returns).slope == approx(difference).epsilon(1e-7).margin(1e-8));
  }
}

TEST_CASE("squared_error: inside the range and on its edge the gradient is the full one", "[formula][squared_error]") {
  squared_error const f{.clip = 0.25};
  for (double const value : {0.25, 0.5, 0.6, 0.75}) {
    auto const x = f(value, 0.5, 1.0);
    CHECK((x.slope == value - 1 && x.clipped == 0));
  }
  CHECK(f(std::nextafter(0.75, 1.0), 0.5, 1.0).slope == 0);
  CHECK(f(1.25, 0.5, 1.0).slope == 0.25); // both errors are 0.25: a tie beyond the range keeps the full one
  CHECK(f(2.0, 0.5, 1.0).slope == 1);     // beyond the range, but the unclipped error is the larger one
}

TEST_CASE("squared_error: packs give what scalars give", "[formula][squared_error]") {
  using traits = cohort::lane_traits<cohort::detail::pack<float>>;
  support::random random(8);
  for (double const clip : {0.0, 0.3, infinity}) {
    squared_error const f{.clip = clip};
    for (int i = 0; i < 500; ++i) {
      auto const v = random.normals<float>(traits::size), o = random.normals<float>(traits::size),
                 r = random.normals<float>(traits::size);
      auto const at = [](std::vector<float> const& x) { return traits::load(x.data(), 1, traits::size); };
      auto const x = f(at(v), at(o), at(r));
      float found[3][traits::size];
      traits::store(found[0], 1, traits::size, x.value);
      traits::store(found[1], 1, traits::size, x.slope);
      traits::store(found[2], 1, traits::size, x.clipped);
      for (std::size_t k = 0; k < v.size(); ++k) {
        auto const y = f(v[k], o[k], r[k]);
        REQUIRE((found[0][k] == y.value && found[1][k] == y.slope && found[2][k] == y.clipped));
      }
    }
  }
}

TEST_CASE("squared_error: the domain of its range", "[formula][squared_error]") {
  CHECK(squared_error{}.fault().argument == nullptr);
  CHECK_FALSE(squared_error{}.clips());
  CHECK((squared_error{.clip = 0}.fault().argument == nullptr && squared_error{.clip = 0}.clips()));
  for (double const clip : {-0.1, -infinity, cohort::not_a_number})
    CHECK(std::string(squared_error{.clip = clip}.fault().argument) == "clip");
}
