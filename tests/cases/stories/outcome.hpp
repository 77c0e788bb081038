// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a story gave: named columns of numbers in double, what each may differ by between two contexts, and the
/// comparison. No test framework: the device's own program compares by it, too.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <cohort/core/numeric.hpp>

namespace stories {

using cohort::index_t;

/// |found - expected| <= absolute + each[i / per] + relative |expected| + of_largest max |expected|
///                       + places * the expected number's last place in the column's type
///
/// Where the expected number is 0 the other one is exactly 0, unless `zeros` is false; NaN answers to NaN, and
/// infinity to the same infinity. All zero: the same numbers.
struct budget {
  double absolute = 0, relative = 0, places = 0, of_largest = 0;
  std::vector<double> each{};
  index_t per = 1; ///< elements that share an entry of each
  bool zeros = true;
};

/// Significant bits of a number type and the exponent of its least normal number, as frexp counts.
struct precision {
  int digits = 53, least_exponent = -1021;
};
template <class T>
constexpr precision precision_of() {
  if constexpr (std::is_same_v<T, cohort::bfloat16>)
    return {8, -125};
  else if constexpr (std::is_same_v<T, cohort::half>)
    return {11, -13};
  else if constexpr (std::is_same_v<T, float>)
    return {24, -125};
  else
    return {};
}
/// Half the distance from 1 to the next number.
template <class T>
inline constexpr double roundoff = std::is_same_v<T, double> ? 0x1p-53 : 0x1p-24;

inline double last_place(double x, precision const& p) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return std::ldexp(1.0, (exponent < p.least_exponent ? p.least_exponent : exponent) - p.digits);
}

struct column {
  std::string name;
  std::vector<double> values;
  budget allowed{};
  precision type{};
};

struct outcome {
  std::vector<column> columns;
  bool guards_untouched = true; ///< the bytes before and behind every buffer
  bool inputs_untouched = true;
};

namespace detail {

inline double largest_of(std::vector<double> const& values) {
  double largest = 0;
  for (double const x : values)
    if (std::isfinite(x)) largest = std::fmax(largest, std::fabs(x));
  return largest;
}

inline bool within(column const& expected, std::size_t i, double found, double largest, double& allowed) {
  budget const& b = expected.allowed;
  double const x = expected.values[i];
  allowed = 0;
  if (std::isnan(x) || std::isnan(found)) return std::isnan(x) && std::isnan(found);
  if (x == found) return true;
  if (!std::isfinite(x) || !std::isfinite(found) || (b.zeros && x == 0)) return false;
  allowed = b.absolute + b.relative * std::fabs(x) + b.of_largest * largest + b.places * last_place(x, expected.type);
  if (!b.each.empty()) allowed += b.each[i / static_cast<std::size_t>(b.per)];
  return std::fabs(found - x) <= allowed;
}

inline std::string difference(column const& found, column const& expected) {
  std::ostringstream text;
  text.precision(17);
  if (found.values.size() != expected.values.size()) {
    text << expected.name << ": " << found.values.size() << " numbers, not " << expected.values.size();
    return text.str();
  }
  double const largest = largest_of(expected.values);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    double allowed = 0;
    if (within(expected, i, found.values[i], largest, allowed)) continue;
    if (wrong++ == 0)
      text << expected.name << "[" << i << "] is " << found.values[i] << ", not " << expected.values[i] << " +- "
           << allowed;
  }
  if (wrong > 1) text << " (and " << wrong - 1 << " more)";
  return text.str();
}

} // namespace detail

/// How `found` contradicts the oracle, in a sentence; empty where it does not.
inline std::string disagreement(outcome const& found, outcome const& oracle) {
  if (!found.guards_untouched) return "memory beside a buffer was written";
  if (!found.inputs_untouched) return "an input was written";
  if (found.columns.size() != oracle.columns.size()) return "another number of columns";
  for (std::size_t i = 0; i < oracle.columns.size(); ++i)
    if (std::string text = detail::difference(found.columns[i], oracle.columns[i]); !text.empty()) return text;
  return {};
}
inline bool agrees(outcome const& found, outcome const& oracle) { return disagreement(found, oracle).empty(); }

/// The largest error of any element, as a share of what it was allowed; elements without a budget are left out.
inline double used_share(outcome const& found, outcome const& oracle) {
  double share = 0;
  for (std::size_t k = 0; k < oracle.columns.size() && k < found.columns.size(); ++k) {
    column const& expected = oracle.columns[k];
    double const largest = detail::largest_of(expected.values);
    for (std::size_t i = 0; i < expected.values.size() && i < found.columns[k].values.size(); ++i) {
      double allowed = 0;
      detail::within(expected, i, found.columns[k].values[i], largest, allowed);
      if (allowed > 0) share = std::fmax(share, std::fabs(found.columns[k].values[i] - expected.values[i]) / allowed);
    }
  }
  return share;
}

/// Bit for bit.
inline std::string other_bits(outcome const& found, outcome const& expected) {
  if (!found.guards_untouched) return "memory beside a buffer was written";
  if (found.columns.size() != expected.columns.size()) return "another number of columns";
  for (std::size_t k = 0; k < expected.columns.size(); ++k) {
    auto const &a = found.columns[k].values, &b = expected.columns[k].values;
    if (a.size() != b.size()) return expected.columns[k].name + ": another size";
    for (std::size_t i = 0; i < a.size(); ++i)
      if (std::memcmp(&a[i], &b[i], sizeof a[i]) != 0) {
        std::ostringstream text;
        text.precision(17);
        text << expected.columns[k].name << "[" << i << "]: " << a[i] << " and " << b[i] << " in two runs";
        return text.str();
      }
  }
  return {};
}

} // namespace stories
