// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cmath>
#include <string>

#include <cohort/formula/sapo.hpp>
#include <formula/surrogates.hpp>

namespace {

using cohort::infinity;
using cohort::sapo;
using support::dual;

static_assert(cohort::surrogate_formula<sapo> && !cohort::weighted_surrogate_formula<sapo>);

/// The loss as the paper writes it.
double plain(sapo const& f, double ratio, double advantage) {
  double const tau = advantage > 0 ? f.temperature_positive : f.temperature_negative;
  return -4 / tau / (1 + std::exp(-tau * (ratio - 1))) * advantage;
}

} // namespace

TEST_CASE("sapo: value and slope by hand", "[formula][sapo]") {
  auto const even = sapo{}(1.0, 2.0); // the gate is 1/2: -4 * 1/2 * 2, and the slope of the plain surrogate
  CHECK((even.value == -4 && even.slope == -2));
  CHECK(sapo{}(1.0F, -3.0F).slope == 3.0F);
  sapo const f{.temperature_positive = 2, .temperature_negative = std::log(3.0)};
  auto const up = f(1 + 0.5 * std::log(3.0), 1.0); // the gate is 3/4
  CHECK(up.value == approx(-1.5).epsilon(1e-15));
  CHECK(up.slope == approx(-0.75 * (1 + 0.5 * std::log(3.0))).epsilon(1e-15));
  auto const down = f(0.0, -1.0); // 1/4
  CHECK(down.value == approx(1 / std::log(3.0)).epsilon(1e-15));
  CHECK((down.slope == 0 && down.clipped_low == 0 && down.clipped_high == 0 && down.clipped_cap == 0));
}

TEMPLATE_TEST_CASE("sapo: the slope is the derivative of the same text", "[formula][sapo]", float, double) {
  using lane = support::basic_dual<TestType>;
  bool const single = std::is_same_v<TestType, float>;
  support::random random(4);
  for (int i = 0; i < 20000; ++i) {
    sapo const f{random.uniform(0.1, 5), random.uniform(0.1, 5)};
    auto const log_ratio = static_cast<TestType>(random.normal()), advantage = static_cast<TestType>(random.normal());
    TestType const ratio = std::exp(log_ratio);
    auto const found = f(ratio, advantage);
    lane const text = f(lane_exp(lane::variable(log_ratio)), lane(static_cast<double>(advantage))).value;
    CAPTURE(ratio, advantage, f.temperature_positive, f.temperature_negative);
    REQUIRE(found.value == text.value);
    REQUIRE(found.slope == approx(static_cast<double>(text.slope)).epsilon(single ? 2e-5 : 1e-13).margin(1e-30));
    double const loss = plain(f, static_cast<double>(ratio), static_cast<double>(advantage));
    REQUIRE(found.value == approx(loss).epsilon(single ? 2e-6 : 1e-14));
    if (!single) surrogates::check_difference(f, plain, log_ratio, advantage);
  }
}

TEST_CASE("sapo: the gate shuts without overflow", "[formula][sapo]") {
  for (double const advantage : {1.5, -1.5}) {
    sapo const f{.temperature_positive = 500, .temperature_negative = 500};
    auto const shut = f(0.0, advantage), open = f(infinity, advantage);
    CHECK((std::fabs(shut.value) < 1e-200 && shut.slope == 0)); // exp(500) is finite in double, not in float
    CHECK((open.value == -4.0 / 500 * advantage && open.slope == 0));
    auto const narrow = f(0.0F, static_cast<float>(advantage));
    CHECK((narrow.value == 0 && narrow.slope == 0));
    auto const far = sapo{}(1e30F, static_cast<float>(advantage));
    CHECK((std::isfinite(far.value) && far.slope == 0));
  }
  CHECK(std::isnan(sapo{}(1.0, cohort::not_a_number).value));
  CHECK(std::isnan(sapo{}(cohort::not_a_number, 1.0).value));
}

TEMPLATE_TEST_CASE("sapo: a zero advantage gives exactly 0, whatever the ratio", "[formula][sapo]", float, double) {
  surrogates::check_zero_advantage<TestType>(sapo{});
}

TEMPLATE_TEST_CASE("sapo: packs give what scalars give", "[formula][sapo]", float, double) {
  surrogates::check_packs_nearly<TestType>(
      [](auto ratio, auto advantage) { return sapo{.temperature_positive = 2}(ratio, advantage); });
}

TEST_CASE("sapo: the domain of its temperatures", "[formula][sapo]") {
  CHECK(sapo{}.fault().argument == nullptr);
  for (double const bad : {0.0, -1.0, infinity, cohort::not_a_number}) {
    CHECK(std::string(sapo{.temperature_positive = bad}.fault().argument) == "temperature_positive");
    CHECK(std::string(sapo{.temperature_negative = bad}.fault().argument) == "temperature_negative");
  }
  CHECK(sapo{.temperature_negative = -2}.fault().found == -2);
}
