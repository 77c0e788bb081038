// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <support/catch.hpp>
#include <support/dual.hpp>
#include <support/numbers.hpp>

namespace {

using cohort::ppo_clip;
using support::dual;
constexpr double infinity = cohort::infinity;

static_assert(cohort::surrogate_formula<ppo_clip>);

/// The loss as the paper writes it.
double plain_value(double ratio, double advantage, ppo_clip f) {
  double const held = ratio < 1 - f.low ? 1 - f.low : ratio > 1 + f.high ? 1 + f.high : ratio;
  return -std::fmin(ratio * advantage, held * advantage);
}

template <class T>
void check_full_gradient(ppo_clip f, T ratio, T advantage) {
  CAPTURE(ratio, advantage, f.low, f.high);
  auto const x = f(ratio, advantage);
  CHECK((x.value == -ratio * advantage && x.slope == -ratio * advantage));
  CHECK((x.clipped_low == 0 && x.clipped_high == 0));
}

} // namespace

TEST_CASE("ppo_clip: value, slope and clip flags by hand", "[formula][ppo_clip]") {
  ppo_clip const f{.low = 0.2, .high = 0.28};
  struct row {
    double ratio, advantage, value, slope, low, high;
  };
  for (row const& x : {row{1, 2, -2, -2, 0, 0}, row{1.5, 1, -1.28, 0, 0, 1}, row{0.5, 1, -0.5, -0.5, 0, 0},
                       row{1.5, -1, 1.5, 1.5, 0, 0}, row{0.5, -1, 0.8, 0, 1, 0}, row{1.1, -3, 3.3, 3.3, 0, 0}}) {
    auto const found = f(x.ratio, x.advantage);
    CAPTURE(x.ratio, x.advantage);
    CHECK(found.value == approx(x.value).epsilon(1e-15));
    CHECK(found.slope == approx(x.slope).epsilon(1e-15));
    CHECK((found.clipped_low == x.low && found.clipped_high == x.high));
  }
}

TEST_CASE("ppo_clip: an exact edge keeps the full gradient", "[formula][ppo_clip]") {
  check_full_gradient<double>({.low = 0.25, .high = 0.25}, 1.25, 1);
  check_full_gradient<double>({.low = 0.25, .high = 0.25}, 0.75, -1);
  check_full_gradient<float>({.low = 0.25, .high = 0.25}, 1.25F, 1);
  check_full_gradient<float>({.low = 0.25, .high = 0.25}, 0.75F, -1);
  check_full_gradient<double>({.low = 0.2, .high = 0.2}, 1.2, 1); // golden C4
  check_full_gradient<float>({.low = 0.2, .high = 0.2}, 1.2F, 1); // bounds are formed in double and rounded once
  check_full_gradient<float>({.low = 0.2, .high = 0.28}, 1.28F, 2);
  check_full_gradient<float>({.low = 0.2, .high = 0.28}, 0.8F, -2);
  check_full_gradient<double>({.low = 0, .high = 0}, 1, 1);
  CHECK(ppo_clip{.low = 0.25, .high = 0.25}(std::nextafter(1.25, 2.0), 1.0).slope == 0);
  CHECK(ppo_clip{.low = 0.25, .high = 0.25}(std::nextafter(0.75F, 0.0F), -1.0F).slope == 0);
}

TEST_CASE("ppo_clip: the slope is the derivative of the same text", "[formula][ppo_clip]") {
  support::random random(2);
  for (int i = 0; i < 20000; ++i) {
    ppo_clip const f{.low = random.uniform(0, 1), .high = random.uniform(0, 3)};
    double const log_ratio = random.normal(), advantage = random.normal();
    auto const found = f(std::exp(log_ratio), advantage);
    dual const value = f(lane_exp(dual::variable(log_ratio)), dual(advantage)).value;
    REQUIRE(found.value == value.value);
    REQUIRE(found.slope == value.slope);
    REQUIRE(found.value == approx(plain_value(std::exp(log_ratio), advantage, f)).epsilon(1e-15));
    bool const kink =
        std::fabs(log_ratio - std::log1p(f.high)) < 1e-4 || std::fabs(log_ratio - std::log1p(-f.low)) < 1e-4;
    if (kink) continue;
    double const difference =
        support::central_difference([&](double x) { return plain_value(std::exp(x), advantage, f); }, log_ratio);
    REQUIRE(found.slope == approx(difference).epsilon(1e-7).margin(1e-9));
  }
}

TEST_CASE("ppo_clip: a zero advantage gives exactly 0, whatever the ratio", "[formula][ppo_clip]") {
  for (double const ratio : {0.0, 0.5, 1.0, 2.0, 1e300, infinity}) {
    for (double const advantage : {0.0, -0.0}) {
      auto const x = ppo_clip{}(ratio, advantage);
      CHECK((x.value == 0 && x.slope == 0 && x.clipped_low == 0 && x.clipped_high == 0));
      auto const y = ppo_clip{}(static_cast<float>(ratio), static_cast<float>(advantage));
      CHECK((y.value == 0 && y.slope == 0 && y.clipped_low == 0 && y.clipped_high == 0));
    }
  }
}

TEST_CASE("ppo_clip: an overflowing ratio is clipped above and true below", "[formula][ppo_clip]") {
  auto const above = ppo_clip{.low = 0.2, .high = 0.25}(infinity, 2.0);
  CHECK((above.value == -2.5 && above.slope == 0 && above.clipped_high == 1));
  auto const below = ppo_clip{}(infinity, -2.0);
  CHECK((below.value == infinity && below.slope == infinity && below.clipped_high == 0));
  CHECK(std::isnan(ppo_clip{}(cohort::not_a_number, 1.0).value));
}

TEST_CASE("ppo_clip: packs give what scalars give", "[formula][ppo_clip]") {
  using pack_t = cohort::detail::pack<float>;
  using traits = cohort::lane_traits<pack_t>;
  support::random random(8);
  ppo_clip const f{.low = 0.2, .high = 0.28};
  for (int i = 0; i < 3000; ++i) {
    auto ratio = random.uniforms<float>(traits::size, 0, 2), advantage = random.normals<float>(traits::size);
    if (i % 3 == 0) advantage[0] = 0, ratio[0] = std::numeric_limits<float>::infinity();
    if (i % 3 == 1) ratio[0] = 1.28F;
    auto const packs = f(traits::load(ratio.data(), 1, traits::size), traits::load(advantage.data(), 1, traits::size));
    float found[4][traits::size];
    traits::store(found[0], 1, traits::size, packs.value);
    traits::store(found[1], 1, traits::size, packs.slope);
    traits::store(found[2], 1, traits::size, packs.clipped_low);
    traits::store(found[3], 1, traits::size, packs.clipped_high);
    for (std::size_t k = 0; k < ratio.size(); ++k) {
      auto const x = f(ratio[k], advantage[k]);
      REQUIRE((found[0][k] == x.value && found[1][k] == x.slope));
      REQUIRE((found[2][k] == x.clipped_low && found[3][k] == x.clipped_high));
    }
  }
}

TEST_CASE("ppo_clip: the domain of its bounds", "[formula][ppo_clip]") {
  CHECK(ppo_clip{}.fault().argument == nullptr);
  CHECK(ppo_clip{.low = 0, .high = 0}.fault().argument == nullptr);
  CHECK(ppo_clip{.low = 1, .high = 1e300}.fault().argument == nullptr);
  for (double const low : {-0.1, 1.5, infinity, -infinity, cohort::not_a_number})
    CHECK(std::string(ppo_clip{.low = low}.fault().argument) == "low");
  for (double const high : {-0.1, infinity, -infinity, cohort::not_a_number})
    CHECK(std::string(ppo_clip{.high = high}.fault().argument) == "high");
  CHECK(ppo_clip{.high = -0.5}.fault().found == -0.5);
}
