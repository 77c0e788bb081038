// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// dual_clip and two_sided_clip, which is a dual clip in other words.
#include <cmath>
#include <string>

#include <cohort/formula/two_sided_clip.hpp>
#include <formula/surrogates.hpp>

namespace {

using cohort::dual_clip;
using cohort::infinity;
using cohort::ppo_clip;
using cohort::two_sided_clip;

static_assert(cohort::surrogate_formula<dual_clip> && cohort::surrogate_formula<two_sided_clip>);

double held(double x, double low, double high) { return std::fmin(std::fmax(x, low), high); }

/// The losses as the papers write them.
double plain_dual(dual_clip const& f, double ratio, double a) {
  double const ppo = -std::fmin(ratio * a, held(ratio, 1 - f.low, 1 + f.high) * a);
  return a < 0 ? std::fmin(ppo, -f.cap * a) : ppo;
}
double plain_two_sided(two_sided_clip const& f, double ratio, double a) {
  return -std::fmin(std::fmin(ratio, f.delta) * a, held(ratio, 1 - f.low, 1 + f.high) * a);
}

bool at_a_bound(double log_ratio, double low, double high, double third) {
  for (double const bound : {1 - low, 1 + high, third})
    if (std::fabs(log_ratio - std::log(bound)) < 1e-4) return true;
  return false;
}

template <class F>
void check_full_gradient(F const& f, double ratio, double advantage) {
  CAPTURE(ratio, advantage);
  auto const x = f(ratio, advantage);
  CHECK((x.value == -ratio * advantage && x.slope == -ratio * advantage));
  CHECK((x.clipped_low == 0 && x.clipped_high == 0 && x.clipped_cap == 0));
  auto const single = f(static_cast<float>(ratio), static_cast<float>(advantage));
  CHECK(single.slope == -static_cast<float>(ratio) * static_cast<float>(advantage));
}

constexpr surrogates::golden_row clipped_above[] = {{1.5, 1, -1.2, 0}, {1, 1, -1, -1}, {0.5, 1, -0.5, -0.5}};

} // namespace

TEST_CASE("golden L2, L3, L4, L4b, L5: the tokens of the fixture", "[formula][dual_clip][two_sided_clip]") {
  surrogates::check_golden(ppo_clip{}, clipped_above);
  surrogates::check_golden(ppo_clip{}, {{1.3, -1, 1.3, 1.3}, {4, -1, 4, 4}});
  surrogates::check_golden(ppo_clip{.low = 0.2, .high = 0.28}, {{1.5, 1, -1.28, 0}, {4, -1, 4, 4}});
  surrogates::check_golden(dual_clip{}, clipped_above);
  surrogates::check_golden(dual_clip{}, {{1.3, -1, 1.3, 1.3}, {4, -1, 3, 0}});
  surrogates::check_golden(dual_clip{.cap = 1.4}, {{1.3, -1, 1.3, 1.3}, {4, -1, 1.4, 0}});
  surrogates::check_golden(two_sided_clip{}, clipped_above);
  surrogates::check_golden(two_sided_clip{.delta = 2}, {{1.3, -1, 1.3, 1.3}, {4, -1, 2, 0}});
}

TEMPLATE_TEST_CASE("the slopes are the derivatives of the same text", "[formula][dual_clip][two_sided_clip]", float,
                   double) {
  support::random random(3);
  for (int i = 0; i < 20000; ++i) {
    dual_clip const f{random.uniform(0, 1), random.uniform(0, 3), random.uniform(1.01, 5)};
    two_sided_clip const g{f.low, f.high, f.cap}; // the cap is below and above 1 + high
    auto const log_ratio = static_cast<TestType>(random.normal()), advantage = static_cast<TestType>(random.normal());
    surrogates::check_slope(f, plain_dual, log_ratio, advantage);
    surrogates::check_slope(g, plain_two_sided, log_ratio, advantage);
    surrogates::check_flags(f(std::exp(log_ratio), advantage), advantage);
    surrogates::check_flags(g(std::exp(log_ratio), advantage), advantage);
    if (at_a_bound(log_ratio, f.low, f.high, f.cap)) continue;
    surrogates::check_difference(f, plain_dual, log_ratio, advantage);
    surrogates::check_difference(g, plain_two_sided, log_ratio, advantage);
  }
}

TEST_CASE("an exact edge keeps the full gradient", "[formula][dual_clip][two_sided_clip]") {
  dual_clip const f{.low = 0.25, .high = 0.25, .cap = 3};
  two_sided_clip const g{.low = 0.25, .high = 0.25, .delta = 2}, narrow{.low = 0.25, .high = 2, .delta = 1.5};
  for (double const a : {1.0, 0.7, 3.1}) {
    check_full_gradient(f, 1.25, a); // golden C4 at a representable ratio
    check_full_gradient(f, 0.75, -a);
    check_full_gradient(f, 3, -a);
    check_full_gradient(g, 1.25, a);
    check_full_gradient(g, 0.75, -a);
    check_full_gradient(g, 2, -a);
    check_full_gradient(narrow, 1.5, a);
    check_full_gradient(narrow, 3, -a);
  }
  check_full_gradient(dual_clip{.cap = 2.1}, 2.1, -1); // a bound is rounded once
  check_full_gradient(two_sided_clip{.delta = 1.1}, 1.1, 1);
  CHECK(f(std::nextafter(3.0, 4.0), -1.0).slope == 0);
  CHECK(f(std::nextafter(3.0F, 4.0F), -1.0F).clipped_cap == 1);
  CHECK(g(std::nextafter(2.0, 4.0), -1.0).slope == 0);
  CHECK(narrow(std::nextafter(1.5, 4.0), 1.0).clipped_high == 1);
}

TEST_CASE("two_sided_clip: delta below 1 + high counts what it clips", "[formula][two_sided_clip]") {
  two_sided_clip const f{.low = 0.2, .high = 1, .delta = 1.5};
  auto const above = f(1.75, 2.0); // inside 1 + high, beyond delta: TRL's metric is 0 here
  CHECK((above.value == -3 && above.slope == 0 && above.clipped_high == 1));
  check_full_gradient(f, 1.75, -2); // the clipped ratio is the larger cost, and it is not clipped
  auto const far = f(4.0, -2.0);
  CHECK((far.value == 4 && far.slope == 0 && far.clipped_cap == 1));
}

TEMPLATE_TEST_CASE("a zero advantage gives exactly 0, whatever the ratio", "[formula][dual_clip][two_sided_clip]",
                   float, double) {
  surrogates::check_zero_advantage<TestType>(dual_clip{});
  surrogates::check_zero_advantage<TestType>(two_sided_clip{});
  surrogates::check_zero_advantage<TestType>(two_sided_clip{.high = 3, .delta = 1.5});
}

TEST_CASE("an overflowing ratio costs the cap; NaN stays NaN", "[formula][dual_clip][two_sided_clip]") {
  auto const capped = dual_clip{}(infinity, -2.0);
  CHECK((capped.value == 6 && capped.slope == 0 && capped.clipped_cap == 1 && capped.clipped_high == 0));
  auto const held = two_sided_clip{}(infinity, -2.0);
  CHECK((held.value == 4 && held.slope == 0 && held.clipped_cap == 1));
  CHECK(dual_clip{.high = 0.25}(infinity, 2.0).value == -2.5);
  CHECK(std::isnan(dual_clip{}(cohort::not_a_number, -1.0).value));
  CHECK(std::isnan(two_sided_clip{}(1.0, cohort::not_a_number).value));
}

TEST_CASE("surrogates: packs give what scalars give", "[formula][dual_clip][two_sided_clip]") {
  surrogates::check_packs<float>(dual_clip{.low = 0.2, .high = 0.28, .cap = 3});
  surrogates::check_packs<double>(dual_clip{.low = 0.2, .high = 0.28, .cap = 1.5});
  surrogates::check_packs<float>(two_sided_clip{.low = 0.2, .high = 2, .delta = 1.5});
}

TEST_CASE("the domain of a third bound", "[formula][dual_clip][two_sided_clip]") {
  CHECK(dual_clip{}.fault().argument == nullptr);
  CHECK(two_sided_clip{}.fault().argument == nullptr);
  CHECK(two_sided_clip{.high = 1, .delta = 1.5}.fault().argument == nullptr);
  for (double const bad : {1.0, 0.5, 0.0, -2.0, infinity, cohort::not_a_number}) {
    CHECK(std::string(dual_clip{.cap = bad}.fault().argument) == "cap");
    CHECK(std::string(two_sided_clip{.delta = bad}.fault().argument) == "delta");
  }
  CHECK(dual_clip{.cap = 0.5}.fault().found == 0.5);
  CHECK(std::string(dual_clip{.low = 2}.fault().argument) == "low");
  CHECK(std::string(two_sided_clip{.high = -1}.fault().argument) == "high");
}
