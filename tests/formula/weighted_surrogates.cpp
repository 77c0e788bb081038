// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// cispo and vespo: a log-prob times a weight that is held.
#include <cmath>
#include <string>

#include <cohort/formula/cispo.hpp>
#include <cohort/formula/vespo.hpp>
#include <formula/surrogates.hpp>

namespace {

using cohort::cispo;
using cohort::infinity;
using cohort::vespo;

static_assert(cohort::weighted_surrogate_formula<cispo> && cohort::weighted_surrogate_formula<vespo>);
static_assert(!cohort::surrogate_formula<cispo> && cohort::any_surrogate_formula<vespo>);

/// The weights as the papers write them.
double weight_of(cispo const& f, double ratio, double) { return std::fmin(std::fmax(ratio, f.low), f.high); }
double weight_of(vespo const& f, double ratio, double advantage) {
  bool const positive = advantage >= 0;
  double const k = positive ? f.k_positive : f.k_negative, lambda = positive ? f.lambda_positive : f.lambda_negative;
  return std::pow(ratio, k) * std::exp(lambda * (1 - ratio));
}

/// Value and slope against the weight, and the slope against the dual number of the same text: in log_prob, the ratio
/// held.
template <class T, class F>
void check_token(F const& f, T ratio, T advantage, T log_prob) {
  using lane = support::basic_dual<T>;
  double const u = std::is_same_v<T, float> ? 1e-5 : 1e-13;
  auto const found = f(ratio, advantage, log_prob);
  lane const text = f(lane(ratio, T(0)), lane(static_cast<double>(advantage)), lane::variable(log_prob)).value;
  auto const a = static_cast<double>(advantage);
  double const weight = weight_of(f, static_cast<double>(ratio), a);
  CAPTURE(ratio, advantage, log_prob);
  REQUIRE(found.value == text.value);
  REQUIRE(found.slope == text.slope);
  REQUIRE(found.slope == approx(-weight * a).epsilon(u).margin(1e-30));
  REQUIRE(found.value == approx(-weight * a * static_cast<double>(log_prob)).epsilon(u).margin(1e-30));
}

template <class T, class F>
void check_zeros(F const& f) {
  for (double const ratio : {0.0, 0.5, 1.0, 1e30, infinity})
    for (double const log_prob : {0.0, -1.0, -infinity})
      for (T const advantage : {T(0), -T(0)}) {
        auto const x = f(static_cast<T>(ratio), advantage, static_cast<T>(log_prob));
        CAPTURE(ratio, log_prob);
        CHECK((x.value == 0 && x.slope == 0 && x.clipped_low == 0 && x.clipped_high == 0 && x.clipped_cap == 0));
      }
}

} // namespace

TEMPLATE_TEST_CASE("weighted surrogates: the slope is the derivative of the same text", "[formula][cispo][vespo]",
                   float, double) {
  support::random random(5);
  for (int i = 0; i < 20000; ++i) {
    double const low = random.uniform(0, 1);
    cispo const f{low, low + random.uniform(0, 2)};
    vespo const g{random.uniform(0, 4), random.uniform(0.1, 4), random.uniform(0, 4), random.uniform(0.1, 4)};
    auto const ratio = static_cast<TestType>(std::exp(random.normal()));
    auto const advantage = static_cast<TestType>(random.normal());
    auto const log_prob = static_cast<TestType>(-4 * random.uniform(0, 1));
    check_token(f, ratio, advantage, log_prob);
    check_token(g, ratio, advantage, log_prob);
  }
}

TEST_CASE("cispo: a bound holds the weight and counts by the advantage's sign", "[formula][cispo]") {
  cispo const f{.low = 0.75, .high = 1.25};
  struct row {
    double ratio, advantage, slope, low, high, cap;
  };
  for (row const& x :
       {row{2, 2, -2.5, 0, 1, 0}, row{2, -2, 2.5, 0, 0, 1}, row{0.5, 1, -0.75, 1, 0, 0}, row{0.5, -1, 0.75, 1, 0, 0},
        row{1.25, 1, -1.25, 0, 0, 0}, row{0.75, -1, 0.75, 0, 0, 0}, row{infinity, 1, -1.25, 0, 1, 0}}) {
    auto const found = f(x.ratio, x.advantage, -3.0);
    CAPTURE(x.ratio, x.advantage);
    CHECK((found.slope == x.slope && found.value == -3 * x.slope));
    CHECK((found.clipped_low == x.low && found.clipped_high == x.high && found.clipped_cap == x.cap));
  }
  auto const plain = cispo{.low = 1, .high = 1}(0.3, 2.0, -1.5); // the policy gradient
  CHECK((plain.value == 3 && plain.slope == -2));
}

TEST_CASE("vespo: 1 at ratio 1, largest at k / lambda, 0 at the ends", "[formula][vespo]") {
  for (double const advantage : {1.0, -1.0}) {
    auto const weight = [&](double ratio) { return -vespo{}(ratio, advantage, -1.0).slope / advantage; };
    CHECK(weight(1) == 1);
    CHECK((weight(0) == 0 && weight(infinity) == 0 && weight(1e300) == 0));
    double const top = advantage > 0 ? 2.0 / 3 : 1.5;
    CHECK((weight(top) > weight(top - 1e-3) && weight(top) > weight(top + 1e-3)));
  }
  CHECK(vespo{.k_positive = 0}(0.0, 1.0, -1.0).slope == approx(-std::exp(3)).epsilon(1e-15));
  CHECK(vespo{}(static_cast<float>(infinity), 2.0F, -1.0F).value == 0);
}

TEMPLATE_TEST_CASE("weighted surrogates: a zero is exactly 0", "[formula][cispo][vespo]", float, double) {
  check_zeros<TestType>(cispo{.low = 0, .high = 2});
  check_zeros<TestType>(cispo{.low = 0.5, .high = 2});
  check_zeros<TestType>(vespo{});
  auto const zero_weight = cispo{.low = 0, .high = 2}(TestType(0), TestType(3), TestType(-infinity));
  CHECK((zero_weight.value == 0 && zero_weight.slope == 0));
  CHECK(cispo{.low = 0.5, .high = 2}(TestType(0), TestType(3), TestType(-infinity)).value ==
        static_cast<TestType>(infinity)); // the lower bound keeps its weight: left out as bad
  CHECK(std::isnan(cispo{.low = 0, .high = 2}(1.0, cohort::not_a_number, -1.0).value));
  CHECK(std::isnan(vespo{}(1.0, cohort::not_a_number, -1.0).value));
}

TEMPLATE_TEST_CASE("weighted surrogates: packs give what scalars give", "[formula][cispo][vespo]", float, double) {
  auto const at = [](auto const& f) {
    return [f](auto ratio, auto advantage) { return f(ratio, advantage, ratio - decltype(ratio)(7)); };
  };
  surrogates::check_packs_nearly<TestType>(at(cispo{.low = 0.5, .high = 2}));
  surrogates::check_packs_nearly<TestType>(at(vespo{}));
}

TEST_CASE("weighted surrogates: the domains of their parameters", "[formula][cispo][vespo]") {
  CHECK(cispo{.low = 0, .high = 1.3}.fault().argument == nullptr);
  CHECK(cispo{.low = 1, .high = 1}.fault().argument == nullptr);
  CHECK(vespo{}.fault().argument == nullptr);
  CHECK(std::string(cispo{}.fault().argument) == "high");
  for (double const bad : {-1.0, infinity, cohort::not_a_number}) {
    CHECK(std::string(cispo{.low = 0, .high = bad}.fault().argument) == "high");
    CHECK(std::string(cispo{.low = bad, .high = 2}.fault().argument) == "low");
    CHECK(std::string(vespo{.k_positive = bad}.fault().argument) == "k_positive");
    CHECK(std::string(vespo{.k_negative = bad}.fault().argument) == "k_negative");
    CHECK(std::string(vespo{.lambda_positive = bad}.fault().argument) == "lambda_positive");
    CHECK(std::string(vespo{.lambda_negative = bad}.fault().argument) == "lambda_negative");
  }
  CHECK(std::string(cispo{.low = 2, .high = 1}.fault().argument) == "low");
  CHECK(std::string(vespo{.lambda_negative = 0}.fault().argument) == "lambda_negative");
}
