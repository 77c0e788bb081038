// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A user's own formulas satisfy the concepts and run on every lane.
#include <cmath>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/formula/formula.hpp>
#include <support/catch.hpp>
#include <support/dual.hpp>
#include <support/numbers.hpp>

namespace engine {

using cohort::lane_exp;
using cohort::lane_select;

/// A soft surrogate: value = -A tanh(ratio - 1), written with the words alone.
struct soft_surrogate {
  double scale = 1;
  template <class V>
  cohort::surrogate_term<V> operator()(V ratio, V advantage) const {
    V const one(1), e = lane_exp(V(2 * scale) * (ratio - one));
    V const t = one - V(2) / (e + one);
    return {V(0) - advantage * t, V(0) - advantage * V(scale) * (one - t * t) * ratio, V(0), V(0)};
  }
};

struct absolute_difference {
  double beta;
  template <class V>
  cohort::value_and_slope<V> operator()(V log_prob, V ref) const {
    V const d = log_prob - ref, zero(0);
    return {lane_select(d < zero, zero - d, d), lane_select(d < zero, V(-1), V(1))};
  }
};

struct without_slope {
  template <class V>
  V operator()(V ratio, V advantage) const {
    return ratio * advantage;
  }
};
struct in_double_only {
  cohort::surrogate_term<double> operator()(double ratio, double) const { return {ratio, 0, 0, 0}; }
};
struct weightless {
  template <class V>
  cohort::value_and_slope<V> operator()(V a, V) const {
    return {a, a};
  }
};

} // namespace engine

static_assert(cohort::surrogate_formula<engine::soft_surrogate> && cohort::kl_formula<engine::absolute_difference>);
static_assert(!cohort::surrogate_formula<engine::without_slope> && !cohort::surrogate_formula<engine::in_double_only>);
static_assert(!cohort::kl_formula<engine::weightless> && !cohort::kl_formula<engine::soft_surrogate>);

TEST_CASE("a user's surrogate on doubles, duals and packs", "[formula][custom]") {
  using pack_t = cohort::detail::pack<double>;
  using traits = cohort::lane_traits<pack_t>;
  support::random random(12);
  engine::soft_surrogate const f{.scale = 0.7};
  for (int i = 0; i < 2000; ++i) {
    double const log_ratio = random.normal(), advantage = random.normal(), ratio = std::exp(log_ratio);
    auto const found = f(ratio, advantage);
    auto const slope = f(lane_exp(support::dual::variable(log_ratio)), support::dual(advantage)).value.slope;
    REQUIRE(found.value == approx(-advantage * std::tanh(0.7 * (ratio - 1))).epsilon(1e-12).margin(1e-15));
    REQUIRE(found.slope == approx(slope).epsilon(1e-10).margin(1e-12));
    double lanes[traits::size];
    traits::store(lanes, 1, traits::size, f(pack_t(ratio), pack_t(advantage)).slope);
    for (double const x : lanes) REQUIRE(x == approx(found.slope).epsilon(1e-12).margin(1e-14));
  }
}

TEST_CASE("a formula without a domain has no fault", "[formula][custom]") {
  CHECK(cohort::fault_of(engine::soft_surrogate{}).argument == nullptr);
}
