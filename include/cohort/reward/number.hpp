// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Numbers as people and models write them: found in a text, parsed from one, compared.
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/characters.hpp>
#include <cohort/reward/decimal.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

COHORT_NAMESPACE_BEGIN

enum class number_state : unsigned char {
  none,        ///< no number there
  present,     ///< `value` is finite
  out_of_range ///< digits, but no finite value: 1e999, 1e-999, 3/0
};

/// A number of a text and its place: bytes [begin, end), sign and currency included.
struct parsed_number {
  number_state state = number_state::none;
  bool negative = false;
  bool fraction = false; ///< written a/b
  double value = 0.0;
  decimal magnitude{}; ///< of the number, or of a fraction's numerator
  std::size_t begin = std::string_view::npos;
  std::size_t end = std::string_view::npos;

  explicit constexpr operator bool() const noexcept { return state == number_state::present; }
  /// Whether `magnitude` and `negative` say the value without rounding.
  constexpr bool exact() const noexcept { return *this && !fraction && magnitude.exact; }
  constexpr bool whole() const noexcept { return exact() && magnitude.exponent >= 0; }
};

/// How far two values may be apart: |a - b| <= max(absolute, relative * max(|a|, |b|)).
struct number_tolerance {
  double relative = 1e-12;
  double absolute = 1e-12;
};

namespace detail {

constexpr std::size_t skip_currency_back(std::string_view const text, std::size_t const at) noexcept {
  constexpr std::array<std::string_view, 4> currencies{"$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5"};
  for (std::string_view const currency : currencies) {
    if (stands_before(text, at, currency)) return at - currency.size();
  }
  return at;
}

constexpr std::size_t skip_sign_back(std::string_view const text, std::size_t const at) noexcept {
  if (stands_before(text, at, "-") || stands_before(text, at, "+")) return at - 1;
  return stands_before(text, at, minus_sign) ? at - minus_sign.size() : at;
}

/// Currency and sign before the digits, in either order, not before byte `from`. After a letter, a digit or a closing
/// parenthesis a dash is a hyphen or an operator, not a sign.
constexpr void read_head(std::string_view const text, std::size_t const from, parsed_number& number) noexcept {
  std::size_t const digits = skip_currency_back(text, number.begin);
  std::size_t const sign = skip_sign_back(text, digits);
  bool const operation = sign > 0 && (is_word(text[sign - 1]) || text[sign - 1] == ')');
  if (sign == digits || sign < from || operation) {
    number.begin = (std::max)(digits, from);
    return;
  }
  number.negative = text[sign] != '+';
  number.begin = (std::max)(skip_currency_back(text, sign), from);
}

/// Value and end of the number whose digits start at `begin`; a/b is a number unless another /c follows.
inline void read_value(std::string_view const text, parsed_number& number) noexcept {
  number.magnitude = scan_decimal(text, number.begin);
  number.end = number.magnitude.end;
  number.value = to_double(number.magnitude);
  if (peek(text, number.end) == '/' && is_digit(peek(text, number.end + 1))) {
    decimal const denominator = scan_decimal(text, number.end + 1);
    if (peek(text, denominator.end) != '/' || !is_digit(peek(text, denominator.end + 1))) {
      number.fraction = true;
      number.end = denominator.end;
      number.value = denominator.digits == 0 ? std::nan("") : number.value / to_double(denominator);
    }
  }
  number.state = std::isfinite(number.value) ? number_state::present : number_state::out_of_range;
}

} // namespace detail

/// The first number of a text at or after byte `from`: "18", "1,234.50", "-$3", "$-3", ".5", "3/4", "1e6", "50%".
/// A percent sign and any word behind the number are its unit and do not change it: "50%" is 50. U+2212 is a minus.
/// A number without a finite value is found, as out_of_range, and not skipped. Linear in the bytes it passes over.
inline parsed_number find_number(std::string_view const text, std::size_t const from = 0) noexcept {
  parsed_number number{};
  std::size_t at = from;
  while (at < text.size() && !detail::starts_decimal(text, at)) ++at;
  if (at >= text.size()) return number;
  number.begin = at;
  detail::read_value(text, number);
  detail::read_head(text, from, number);
  if (number.negative) number.value = -number.value;
  return number;
}

/// visit(parsed_number) for every number of a text, in order, those out of range included. Linear.
template <typename Visit>
void for_each_number(std::string_view const text, Visit&& visit) {
  for (parsed_number number = find_number(text); number.state != number_state::none;
       number = find_number(text, number.end)) {
    visit(number);
  }
}

/// The number that a text is: blanks, a number, then its unit, in which no other digit stands ("18 dollars.",
/// "70,000.", "50%"). "150 000", "about 3" and "" are no number. Linear.
inline parsed_number parse_number(std::string_view const text) noexcept {
  parsed_number const number = find_number(text);
  if (number.state == number_state::none) return number;
  for (std::size_t at = 0; at < number.begin; ++at) {
    if (!detail::is_space(text[at])) return {};
  }
  for (std::size_t at = number.end; at < text.size(); ++at) {
    if (detail::is_digit(text[at])) return {};
  }
  return number;
}

/// Whether two values agree within the tolerance; never for NaN.
inline bool values_match(double const a, double const b, number_tolerance const& tolerance = {}) noexcept {
  if (a == b) return true;
  double const scale = (std::max)((std::abs)(a), (std::abs)(b));
  return (std::abs)(a - b) <= (std::max)(tolerance.absolute, tolerance.relative * scale);
}

/// Whether two numbers are the same: their decimals are ("18.0" and "18", at any size up to 19 digits), or one of them
/// at least is not a whole number and their values agree within the tolerance. Two whole numbers never match by
/// tolerance.
inline bool numbers_match(parsed_number const& a, parsed_number const& b,
                          number_tolerance const& tolerance = {}) noexcept {
  if (!a || !b) return false;
  if (!a.whole() || !b.whole()) return values_match(a.value, b.value, tolerance);
  bool const same_sign = a.negative == b.negative || a.magnitude.digits == 0;
  return same_sign && a.magnitude.digits == b.magnitude.digits && a.magnitude.exponent == b.magnitude.exponent;
}

COHORT_NAMESPACE_END
