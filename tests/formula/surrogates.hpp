// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What every surrogate must do: its slope is the derivative of its own text, and packs give what scalars give.
#pragma once

#include <cmath>
#include <vector>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <support/catch.hpp>
#include <support/dual.hpp>
#include <support/numbers.hpp>

namespace surrogates {

/// Value and slope against the dual number of the same text, and both against a loss as the paper writes it.
template <class T, class F, class Plain>
void check_slope(F const& f, Plain plain, T log_ratio, T advantage) {
  using dual = support::basic_dual<T>;
  T const ratio = std::exp(log_ratio);
  auto const found = f(ratio, advantage);
  dual const same_text = f(lane_exp(dual::variable(log_ratio)), dual(static_cast<double>(advantage))).value;
  CAPTURE(ratio, advantage);
  REQUIRE(found.value == same_text.value);
  REQUIRE(found.slope == same_text.slope);
  REQUIRE(found.value == approx(plain(f, static_cast<double>(ratio), static_cast<double>(advantage))).epsilon(1e-6));
}

/// The same in double with a central difference of the plain loss, where no bound lies inside the step.
template <class F, class Plain>
void check_difference(F const& f, Plain plain, double log_ratio, double advantage) {
  auto const loss = [&](double x) { return plain(f, std::exp(x), advantage); };
  double const difference = support::central_difference(loss, log_ratio);
  auto const found = f(std::exp(log_ratio), advantage);
  CAPTURE(log_ratio, advantage);
  REQUIRE(found.value == approx(loss(log_ratio)).epsilon(1e-15));
  REQUIRE(found.slope == approx(difference).epsilon(1e-7).margin(1e-8));
}

/// Clipped where the gradient is gone, once, and by the sign of the advantage.
template <class T>
void check_flags(cohort::surrogate_term<T> const& x, T advantage) {
  CAPTURE(advantage, x.value, x.slope);
  bool const gone = x.slope == 0 && advantage != 0;
  REQUIRE(x.clipped_low + x.clipped_high + x.clipped_cap == (gone ? 1 : 0));
  REQUIRE((advantage > 0 ? x.clipped_low + x.clipped_cap : x.clipped_high) == 0);
}

template <class T, class F>
void check_packs(F const& f) {
  using traits = cohort::lane_traits<cohort::detail::pack<T>>;
  support::random random(8);
  for (int i = 0; i < 2000; ++i) {
    auto ratio = random.uniforms<T>(traits::size, 0, 5), advantage = random.normals<T>(traits::size);
    if (i % 3 == 0) advantage[0] = 0, ratio[0] = std::numeric_limits<T>::infinity();
    if (i % 3 == 1) ratio[0] = std::numeric_limits<T>::infinity();
    auto const x = f(traits::load(ratio.data(), 1, traits::size), traits::load(advantage.data(), 1, traits::size));
    T found[5][traits::size];
    traits::store(found[0], 1, traits::size, x.value);
    traits::store(found[1], 1, traits::size, x.slope);
    traits::store(found[2], 1, traits::size, x.clipped_low);
    traits::store(found[3], 1, traits::size, x.clipped_high);
    traits::store(found[4], 1, traits::size, x.clipped_cap);
    for (std::size_t k = 0; k < ratio.size(); ++k) {
      auto const y = f(ratio[k], advantage[k]);
      REQUIRE((found[0][k] == y.value && found[1][k] == y.slope && found[2][k] == y.clipped_low));
      REQUIRE((found[3][k] == y.clipped_high && found[4][k] == y.clipped_cap));
    }
  }
}

/// The same for f(ratio, advantage) with an exp or a log in it, which packs and scalars round differently.
template <class T, class F>
void check_packs_nearly(F const& f) {
  using traits = cohort::lane_traits<cohort::detail::pack<T>>;
  double const u = std::is_same_v<T, float> ? 1e-5 : 1e-13;
  support::random random(9);
  for (int i = 0; i < 2000; ++i) {
    auto ratio = random.uniforms<T>(traits::size, 0, 5), advantage = random.normals<T>(traits::size);
    if (i % 3 == 0) ratio[0] = 0, advantage[traits::size - 1] = 0;
    if (i % 3 == 1) ratio[0] = std::numeric_limits<T>::infinity();
    auto const x = f(traits::load(ratio.data(), 1, traits::size), traits::load(advantage.data(), 1, traits::size));
    T value[traits::size], slope[traits::size], clipped[traits::size];
    traits::store(value, 1, traits::size, x.value);
    traits::store(slope, 1, traits::size, x.slope);
    traits::store(clipped, 1, traits::size, x.clipped_low - x.clipped_high + x.clipped_cap + x.clipped_cap);
    for (std::size_t k = 0; k < ratio.size(); ++k) {
      auto const y = f(ratio[k], advantage[k]);
      CAPTURE(ratio[k], advantage[k]);
      REQUIRE(value[k] == approx(static_cast<double>(y.value)).epsilon(u).margin(1e-30));
      REQUIRE(slope[k] == approx(static_cast<double>(y.slope)).epsilon(u).margin(1e-30));
      REQUIRE(clipped[k] == y.clipped_low - y.clipped_high + 2 * y.clipped_cap);
    }
  }
}

/// A zero advantage is exactly 0 in every field, whatever the ratio.
template <class T, class F>
void check_zero_advantage(F const& f) {
  for (double const ratio : {0.0, 0.5, 1.0, 2.0, 1e30, cohort::infinity})
    for (T const advantage : {T(0), -T(0)}) {
      auto const x = f(static_cast<T>(ratio), advantage);
      CAPTURE(ratio);
      CHECK((x.value == 0 && x.slope == 0 && x.clipped_low == 0 && x.clipped_high == 0 && x.clipped_cap == 0));
    }
}

/// The fixture of the worked examples: ratios and advantages of five tokens, with values and slopes per token.
struct golden_row {
  double ratio, advantage, value, slope;
};
template <class F, std::size_t N>
void check_golden(F const& f, golden_row const (&rows)[N]) {
  for (golden_row const& x : rows) {
    CAPTURE(x.ratio, x.advantage);
    CHECK(f(x.ratio, x.advantage).value == approx(x.value).epsilon(1e-14));
    CHECK(f(x.ratio, x.advantage).slope == approx(x.slope).epsilon(1e-14));
    auto const single = f(static_cast<float>(x.ratio), static_cast<float>(x.advantage));
    CHECK(single.value == approx(x.value).epsilon(1e-6));
    CHECK(single.slope == approx(x.slope).epsilon(1e-6));
  }
}

} // namespace surrogates
