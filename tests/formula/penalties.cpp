// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// absolute_kl, clamped_kl, straight_through, ratio_corrected: golden values and slopes against dual numbers.
#include <cmath>
#include <string>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/formula/absolute_kl.hpp>
#include <cohort/formula/clamped_kl.hpp>
#include <cohort/formula/k1.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/ratio_corrected.hpp>
#include <cohort/formula/straight_through.hpp>
#include <support/catch.hpp>
#include <support/dual.hpp>
#include <support/numbers.hpp>

namespace {

using cohort::infinity;
using cohort::k1;
using cohort::k2;
using cohort::k3;
using clamped_k3 = cohort::clamped_kl<k3>;

static_assert(cohort::kl_formula<cohort::absolute_kl> && cohort::kl_formula<clamped_k3>);
static_assert(cohort::kl_formula<cohort::straight_through<clamped_k3>>);
static_assert(cohort::ratio_kl_formula<cohort::ratio_corrected<clamped_k3>>);
static_assert(!cohort::kl_formula<cohort::ratio_corrected<k3>> && cohort::penalty_formula<cohort::ratio_corrected<k3>>);

template <class T, class F>
void check_slope(F const& f, double log_prob, double ref) {
  using dual = support::basic_dual<T>;
  auto const x = static_cast<T>(log_prob), y = static_cast<T>(ref);
  auto const found = f(x, y);
  dual const same_text = f(dual::variable(x), dual(y, T(0))).value;
  CAPTURE(log_prob, ref);
  double const error = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
  REQUIRE(found.value == approx(same_text.value).epsilon(error).margin(1e-300));
  REQUIRE(found.slope == approx(same_text.slope).epsilon(error).margin(1e-300));
}

template <class F>
void check_slopes(F const& f) {
  support::random random(4);
  for (int i = 0; i < 5000; ++i) {
    double const log_prob = -random.uniform(0, 8), ref = -random.uniform(0, 8);
    check_slope<float>(f, log_prob, ref);
    check_slope<double>(f, log_prob, ref);
  }
}

/// ratio * kl as a function of one log-prob, by the token's own ratio.
template <class F>
void check_corrected(F const& f) {
  using support::dual;
  support::random random(5);
  for (int i = 0; i < 5000; ++i) {
    double const old = -random.uniform(0, 4), ref = -random.uniform(0, 4), now = -random.uniform(0, 4);
    auto const found = f(now, ref, std::exp(now - old));
    dual const x = dual::variable(now), ratio = lane_exp(x - dual(old));
    CAPTURE(now, old, ref);
    REQUIRE(found.value == approx(f(x, dual(ref), ratio).value.value).epsilon(1e-14));
    REQUIRE(found.whole == approx(f(x, dual(ref), ratio).value.slope).epsilon(1e-12).margin(1e-14));
    REQUIRE(found.slope == approx(f(x, dual(ref), dual(ratio.value)).value.slope).epsilon(1e-12).margin(1e-14));
    REQUIRE(found.ratio_slope == approx(f(dual(now), dual(ref), ratio).value.slope).epsilon(1e-12));
    REQUIRE(found.slope + found.ratio_slope == approx(found.whole).epsilon(1e-12).margin(1e-13));
  }
}

template <class F>
void check_beta() {
  CHECK(F{0}.fault().argument == nullptr);
  CHECK(cohort::fault_of(F{0.04}).argument == nullptr);
  for (double const beta : {-1e-9, infinity, cohort::not_a_number})
    CHECK(std::string(cohort::fault_of(F{beta}).argument) == "beta");
}

} // namespace

TEST_CASE("golden K1: absolute and straight-through", "[formula][kl]") {
  for (double const delta : {0.5, -0.5}) {
    auto const x = cohort::absolute_kl{1}(-1.0, -1.0 - delta);
    CHECK((x.value == 0.5 && x.slope == (delta > 0 ? 1 : -1)));
  }
  CHECK((cohort::absolute_kl{1}(-1.0, -1.0).value == 0 && cohort::absolute_kl{1}(-1.0, -1.0).slope == 0));
  auto const above = cohort::straight_through<k3>{1}(-1.0, -1.5), below = cohort::straight_through<k3>{1}(-1.5, -1.0);
  CHECK((above.value == approx(0.106531).epsilon(1e-5) && above.slope == 0.5));
  CHECK((below.value == approx(0.148721).epsilon(1e-5) && below.slope == -0.5));
  CHECK((cohort::straight_through<k1>{1}(-1.5, -1.0).value == -0.5)); // verl's k1+
}

TEST_CASE("golden K2: the corrected estimator and its gradient", "[formula][kl]") {
  auto const x = cohort::ratio_corrected<k3>{1}(-1.0, -1.5, std::exp(0.2));
  CHECK(x.value == approx(0.130117).epsilon(1e-5));
  CHECK(x.whole == approx(0.610701).epsilon(1e-5));
  CHECK(x.slope + x.ratio_slope == approx(0.610701).epsilon(1e-5));
}

TEST_CASE("golden K3: expectations over a distribution", "[formula][kl]") {
  double const p[] = {.5, .3, .2}, q[] = {.4, .4, .2};
  double full = 0, first = 0, second = 0, third = 0;
  for (int i = 0; i < 3; ++i) {
    double const x = std::log(p[i]), y = std::log(q[i]);
    full += p[i] * (x - y);
    first += p[i] * k1{1}(x, y).value;
    second += p[i] * k2{1}(x, y).value;
    third += cohort::ratio_corrected<k3>{1}(x, y, p[i]).value; // p as the ratio to the counting measure
  }
  CHECK((first == approx(full) && third == approx(full) && full == approx(0.025267).epsilon(1e-4)));
  CHECK(second == approx(0.024862).epsilon(1e-4));
}

TEST_CASE("golden K4: held at a limit, with no slope strictly beyond", "[formula][kl]") {
  CHECK((clamped_k3{1}(-25.0, 0.0).value == 10 && clamped_k3{1}(-25.0, 0.0).slope == 0));
  CHECK((clamped_k3{1}(-25.0F, 0.0F).value == 10 && clamped_k3{1}(-25.0F, 0.0F).slope == 0));
  CHECK((clamped_k3{1}(-800.0, 0.0).value == 10 && clamped_k3{1}(-800.0, 0.0).slope == 0)); // k3 is infinite
  CHECK((clamped_k3{1}(-1.0, -infinity).value == 10 && clamped_k3{1}(-1.0, -infinity).slope == 0));
  auto const edge = cohort::clamped_kl<k1>{.beta = 1, .limit = 2}(-1.0, -3.0);
  CHECK((edge.value == 2 && edge.slope == 1));
  auto const beyond = cohort::clamped_kl<k1>{.beta = 1, .limit = 2}(-3.5, -1.0);
  CHECK((beyond.value == -2 && beyond.slope == 0));
  CHECK(cohort::clamped_kl<k3>{.beta = 1, .limit = infinity}(-25.0, 0.0).value == k3{1}(-25.0, 0.0).value);
  CHECK(std::isnan(clamped_k3{1}(cohort::not_a_number, 0.0).value));
}

TEST_CASE("the slopes are the derivatives of the same text", "[formula][kl]") {
  check_slopes(cohort::absolute_kl{1});
  check_slopes(clamped_k3{1});
  check_slopes(cohort::clamped_kl<k1>{1, 2});
  check_corrected(cohort::ratio_corrected<k1>{1});
  check_corrected(cohort::ratio_corrected<k2>{1});
  check_corrected(cohort::ratio_corrected<k3>{1});
  check_corrected(cohort::ratio_corrected<clamped_k3>{1});
}

TEST_CASE("ratio_corrected<k3>: the token's slope is exact where its summands cancel", "[formula][kl]") {
  for (float const delta : {1e-6F, 0.5F, 3.0F, 10.0F, 20.0F, 60.0F, -20.0F}) { // summands up to 1e26
    auto const x = cohort::ratio_corrected<k3>{1}(-delta, 0.0F, 1.5F);
    CHECK(x.whole == -1.5F * delta);
  }
  CHECK(cohort::ratio_corrected<k3>{1}(-1.0, -1.0, 2.0).whole == 0);
}

TEST_CASE("a straight-through estimator keeps its value and takes k2's slope", "[formula][kl]") {
  cohort::straight_through<clamped_k3> const f{1};
  for (double const ref : {0.0, -1.0, -30.0}) {
    CHECK(f(-25.0, ref).value == clamped_k3{1}(-25.0, ref).value);
    CHECK(f(-25.0, ref).slope == -25.0 - ref); // also where the clamp is active: verl's k3+
  }
}

TEST_CASE("penalties: packs give what scalars give", "[formula][kl]") {
  using traits = cohort::lane_traits<cohort::detail::pack<float>>;
  cohort::ratio_corrected<clamped_k3> const f{1};
  support::random random(8);
  for (int i = 0; i < 1000; ++i) {
    auto now = random.uniforms<float>(traits::size, -6, 0), ref = random.uniforms<float>(traits::size, -6, 0);
    auto const x = f(traits::load(now.data(), 1, traits::size), traits::load(ref.data(), 1, traits::size),
                     cohort::detail::pack<float>(1.5));
    float value[traits::size], slope[traits::size];
    traits::store(value, 1, traits::size, x.value);
    traits::store(slope, 1, traits::size, x.slope);
    for (std::size_t k = 0; k < now.size(); ++k) {
      auto const y = f(now[k], ref[k], 1.5F);
      REQUIRE(value[k] == approx(y.value).epsilon(4e-6).margin(1e-12));
      REQUIRE(slope[k] == approx(y.slope).epsilon(4e-6).margin(1e-12));
    }
  }
}

TEST_CASE("the domains of penalties made of others", "[formula][kl]") {
  check_beta<cohort::absolute_kl>();
  check_beta<clamped_k3>();
  check_beta<cohort::straight_through<k1>>();
  check_beta<cohort::ratio_corrected<k3>>();
  for (double const limit : {0.0, -1.0, cohort::not_a_number})
    CHECK(std::string(clamped_k3{1, limit}.fault().argument) == "limit");
  CHECK(std::string(cohort::ratio_corrected<clamped_k3>{-1}.fault().argument) == "beta");
}
