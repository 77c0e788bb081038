// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A dual number as a lane: the derivative of a formula from the formula's own text.
///
///   dual const x = dual::variable(1.5);
///   formula(lane_exp(x), dual(2)).value.slope     // d value / d x
#pragma once

#include <cmath>
#include <concepts>

#include <cohort/core/lane.hpp>

namespace support {

template <std::floating_point S>
struct basic_dual {
  S value, slope;

  constexpr basic_dual(double x = 0) : value(static_cast<S>(x)), slope(0) {}
  constexpr basic_dual(S x, S derivative) : value(x), slope(derivative) {}
  static constexpr basic_dual variable(S x) { return {x, S(1)}; }

  friend basic_dual operator+(basic_dual a, basic_dual b) { return {a.value + b.value, a.slope + b.slope}; }
  friend basic_dual operator-(basic_dual a, basic_dual b) { return {a.value - b.value, a.slope - b.slope}; }
  friend basic_dual operator*(basic_dual a, basic_dual b) {
    return {a.value * b.value, a.slope * b.value + a.value * b.slope};
  }
  friend basic_dual operator/(basic_dual a, basic_dual b) {
    S const quotient = a.value / b.value;
    return {quotient, (a.slope - quotient * b.slope) / b.value};
  }

  friend bool operator<(basic_dual a, basic_dual b) { return a.value < b.value; }
  friend bool operator<=(basic_dual a, basic_dual b) { return a.value <= b.value; }
  friend bool operator>(basic_dual a, basic_dual b) { return a.value > b.value; }
  friend bool operator>=(basic_dual a, basic_dual b) { return a.value >= b.value; }
  friend bool operator==(basic_dual a, basic_dual b) { return a.value == b.value; }
  friend bool operator!=(basic_dual a, basic_dual b) { return a.value != b.value; }

  friend basic_dual lane_multiply(basic_dual a, basic_dual b) { return a * b; }
  friend basic_dual lane_fma(basic_dual a, basic_dual b, basic_dual c) { return a * b + c; }
  friend basic_dual lane_exp(basic_dual x) {
    S const y = std::exp(x.value);
    return {y, y * x.slope};
  }
  friend basic_dual lane_log(basic_dual x) { return {std::log(x.value), x.slope / x.value}; }
  friend basic_dual lane_sqrt(basic_dual x) {
    S const y = std::sqrt(x.value);
    return {y, x.slope / (2 * y)};
  }
  friend basic_dual lane_abs(basic_dual x) { return x.value < 0 ? basic_dual{-x.value, -x.slope} : x; }
  friend basic_dual lane_min(basic_dual a, basic_dual b) { return b < a ? b : a; }
  friend basic_dual lane_max(basic_dual a, basic_dual b) { return a < b ? b : a; }
  friend basic_dual lane_select(bool mask, basic_dual a, basic_dual b) { return mask ? a : b; }
};

using dual = basic_dual<double>;

/// (f(x + h) - f(x - h)) / 2h with a step for fifteen digits.
template <class F>
double central_difference(F f, double x) {
  double const step = 6e-6 * std::fmax(1.0, std::fabs(x));
  double const after = x + step, before = x - step;
  return (f(after) - f(before)) / (after - before);
}

} // namespace support

template <std::floating_point S>
struct cohort::lane_traits<support::basic_dual<S>> {
  using scalar = S;
  static constexpr int size = 1;
  template <class T>
  using of = support::basic_dual<T>;
};
