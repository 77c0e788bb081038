// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// k1, k2, k3 and the importance ratio: golden values, slopes against dual numbers and central differences.
#include <cmath>
#include <string>

#include <cohort/formula/k1.hpp>
#include <cohort/formula/k2.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/log_ratio_bounds.hpp>
#include <support/catch.hpp>
#include <support/dual.hpp>
#include <support/numbers.hpp>

namespace {

using cohort::lane_exp;
using cohort::lane_select;
using support::dual;

static_assert(cohort::kl_formula<cohort::k1> && cohort::kl_formula<cohort::k2> && cohort::kl_formula<cohort::k3>);
static_assert(!cohort::kl_formula<cohort::log_ratio_bounds>);

/// The ratio as a function of two log-probs.
struct ratio {
  cohort::log_ratio_bounds bounds{};
  template <class V>
  cohort::value_and_slope<V> operator()(V log_prob, V old_log_prob) const {
    V const log_ratio = log_prob - old_log_prob, value = lane_exp(bounds.held(log_ratio));
    return {value, lane_select(bounds.within(log_ratio), value, V(0))};
  }
};

template <class F>
void check_slope(F const& f, double log_prob, double other, double relative) {
  auto const found = f(log_prob, other);
  dual const same_text = f(dual::variable(log_prob), dual(other)).value;
  double const difference =
      support::central_difference([&](double x) { return static_cast<double>(f(x, other).value); }, log_prob);
  CAPTURE(log_prob, other);
  REQUIRE(found.value == approx(same_text.value).epsilon(1e-15).margin(1e-300));
  REQUIRE(found.slope == approx(same_text.slope).epsilon(relative).margin(1e-300));
  REQUIRE(found.slope == approx(difference).epsilon(1e-7).margin(1e-9));
}

template <class F>
void check_slopes(F const& f, double relative) {
  support::random random(4);
  for (int i = 0; i < 5000; ++i) check_slope(f, -random.uniform(0, 5), -random.uniform(0, 5), relative);
  for (int i = 0; i < 1000; ++i) {
    double const log_prob = -random.uniform(0, 5);
    check_slope(f, log_prob, log_prob + 1e-3 * random.normal(), relative);
  }
}

void check_golden(double log_prob, double ref, double k1, double k2, double k3, double slope_k2, double slope_k3) {
  CAPTURE(log_prob, ref);
  CHECK(cohort::k1{1}(log_prob, ref).value == approx(k1));
  CHECK(cohort::k2{1}(log_prob, ref).value == approx(k2));
  CHECK(cohort::k3{1}(log_prob, ref).value == approx(k3).epsilon(1e-5));
  CHECK(cohort::k1{1}(log_prob, ref).slope == 1);
  CHECK(cohort::k2{1}(log_prob, ref).slope == approx(slope_k2));
  CHECK(cohort::k3{1}(log_prob, ref).slope == approx(slope_k3).epsilon(1e-5));
}

template <class F>
void check_beta() {
  CHECK(F{0}.fault().argument == nullptr);
  CHECK(F{1e300}.fault().argument == nullptr);
  CHECK(cohort::fault_of(F{0.04}).argument == nullptr);
  for (double const beta : {-1e-9, cohort::infinity, -cohort::infinity, cohort::not_a_number}) {
    CHECK(std::string(F{beta}.fault().argument) == "beta");
    CHECK(std::string(cohort::fault_of(F{beta}).rule).size() > 10);
  }
}

} // namespace

TEST_CASE("golden K1: estimators and slopes at a difference of a half", "[formula][kl]") {
  check_golden(-1.0, -1.5, 0.5, 0.125, 0.106531, 0.5, 0.393469);
  check_golden(-1.5, -1.0, -0.5, 0.125, 0.148721, -0.5, -0.648721);
}

TEST_CASE("the slopes of k1, k2, k3 and the ratio are derivatives of the same text", "[formula][kl]") {
  check_slopes(cohort::k1{1}, 0);
  check_slopes(cohort::k2{1}, 1e-15);
  check_slopes(cohort::k3{1}, 1e-14);
  check_slopes(ratio{}, 0);
}

TEST_CASE("equal policies: estimators and slopes are exactly 0, the ratio exactly 1", "[formula][kl]") {
  for (double const x : {0.0, -0.1, -1e3, -1e-300}) {
    CHECK(cohort::k1{1}(x, x).value == 0);
    CHECK((cohort::k2{1}(x, x).value == 0 && cohort::k2{1}(x, x).slope == 0));
    CHECK((cohort::k3{1}(x, x).value == 0 && cohort::k3{1}(x, x).slope == 0));
    CHECK((ratio{}(x, x).value == 1 && ratio{}(x, x).slope == 1));
  }
}

TEST_CASE("no clamp: large differences give their true values", "[formula][kl]") {
  CHECK(cohort::k3{1}(-25.0, 0.0).value == approx(72004899311.385880).epsilon(1e-13)); // golden K4
  CHECK(cohort::k3{1}(0.0, -100.0).value == 99);
  CHECK(cohort::k3{1}(0.0, -100.0).slope == 1);
  CHECK(cohort::k3{1}(-800.0, 0.0).value == cohort::infinity);
  CHECK(ratio{}(800.0, 0.0).value == cohort::infinity);
  CHECK(ratio{}(-800.0, 0.0).value == 0);
}

TEST_CASE("a bounded log ratio: its ratio at the bound and no slope strictly beyond", "[formula][ratio]") {
  ratio const bounded{{.low = -2, .high = 1}};
  check_slopes(bounded, 0);
  CHECK((bounded(1.0, 0.0).value == std::exp(1.0) && bounded(1.0, 0.0).slope == std::exp(1.0)));
  CHECK((bounded(1.5, 0.0).value == std::exp(1.0) && bounded(1.5, 0.0).slope == 0));
  CHECK((bounded(-2.0, 0.0).slope == std::exp(-2.0) && bounded(-2.5, 0.0).slope == 0));
  CHECK(std::isnan(bounded(cohort::not_a_number, 0.0).value));
  CHECK(std::string(cohort::log_ratio_bounds{.low = 1}.fault().argument) == "log_ratio.low");
  CHECK(std::string(cohort::log_ratio_bounds{.high = cohort::not_a_number}.fault().argument) == "log_ratio.high");
}

TEST_CASE("formulas do not multiply by their weight", "[formula][kl]") {
  CHECK(cohort::k3{7}(-1.0, -1.5).value == cohort::k3{1}(-1.0, -1.5).value);
  CHECK(cohort::k2{7}(-1.0, -1.5).slope == cohort::k2{1}(-1.0, -1.5).slope);
}

TEST_CASE("the domain of a KL weight", "[formula][kl]") {
  check_beta<cohort::k1>();
  check_beta<cohort::k2>();
  check_beta<cohort::k3>();
}
