// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Orders, choices and conversions of whole vectors.
#pragma once

#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include <support/numbers.hpp>

namespace cases {

using support::random;

inline std::size_t below(random& source, std::size_t count) { return static_cast<std::size_t>(source.bits() % count); }
inline bool chance(random& source, double probability) { return source.uniform() < probability; }

template <class X>
void shuffle(random& source, std::vector<X>& x) {
  for (std::size_t i = x.size(); i > 1; --i) std::swap(x[i - 1], x[below(source, i)]);
}
inline std::vector<std::size_t> permutation(random& source, std::size_t n) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(source, order);
  return order;
}

/// x[order[0]], x[order[1]], ...
template <class T>
std::vector<T> taken(std::vector<T> const& x, std::vector<std::size_t> const& order) {
  std::vector<T> y;
  y.reserve(order.size());
  for (auto const i : order) y.push_back(x[i]);
  return y;
}

/// The same numbers, each rounded once.
template <class T>
std::vector<T> in(std::vector<double> const& x) {
  std::vector<T> y;
  for (double const value : x) y.push_back(static_cast<T>(value));
  return y;
}

/// The largest |found - expected|; infinite where either is NaN or the sizes differ.
template <class T, class U>
double distance(std::vector<T> const& found, std::vector<U> const& expected) {
  if (found.size() != expected.size()) return static_cast<double>(INFINITY);
  long double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto const d = std::fabs(static_cast<long double>(found[i]) - static_cast<long double>(expected[i]));
    if (!(d <= worst)) worst = std::isnan(d) ? static_cast<long double>(INFINITY) : d;
  }
  return static_cast<double>(worst);
}

} // namespace cases
