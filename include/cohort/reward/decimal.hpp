// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// An unsigned decimal in a text: digits * 10^exponent, and the nearest double.
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/characters.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

COHORT_NAMESPACE_BEGIN

/// value = digits * 10^exponent, without trailing zeros in `digits`. Beyond 19 significant digits the rest is cut off
/// and `exact` is false unless the rest is zeros.
struct decimal {
  std::uint64_t digits = 0;
  std::int64_t exponent = 0;
  bool exact = true;
  std::size_t end = 0; ///< byte after the decimal; the place of the scan where there is none
};

namespace detail {

class decimal_scanner {
public:
  constexpr decimal_scanner(std::string_view const text, std::size_t const at) noexcept : text_(text) {
    found_.end = at;
  }

  constexpr decimal scan() noexcept {
    if (!starts_decimal(text_, found_.end)) return found_;
    whole();
    if (peek(text_, found_.end) == '.' && is_digit(peek(text_, found_.end + 1))) fraction();
    exponent();
    trim();
    return found_;
  }

private:
  constexpr void whole() noexcept {
    for (std::size_t run = 0;; ++found_.end) {
      if (char const c = peek(text_, found_.end); is_digit(c)) {
        push(c, 0);
        ++run;
      } else if (run >= 1 && run <= 3 && thousands_follow()) {
        run = 0;
      } else {
        return;
      }
    }
  }

  constexpr void fraction() noexcept {
    for (++found_.end; is_digit(peek(text_, found_.end)); ++found_.end) push(text_[found_.end], 1);
  }

  constexpr void exponent() noexcept {
    if (char const e = peek(text_, found_.end); e != 'e' && e != 'E') return;
    char const sign = peek(text_, found_.end + 1);
    std::size_t at = found_.end + (sign == '-' || sign == '+' ? 2u : 1u);
    if (!is_digit(peek(text_, at))) return;
    std::int64_t power = 0;
    for (; is_digit(peek(text_, at)); ++at) {
      if (power < 1'000'000) power = power * 10 + (text_[at] - '0');
    }
    found_.exponent += sign == '-' ? -power : power;
    found_.end = at;
  }

  /// A comma, exactly three digits, no fourth.
  constexpr bool thousands_follow() const noexcept {
    std::size_t const at = found_.end;
    return peek(text_, at) == ',' && is_digit(peek(text_, at + 1)) && is_digit(peek(text_, at + 2)) &&
           is_digit(peek(text_, at + 3)) && !is_digit(peek(text_, at + 4));
  }

  constexpr void push(char const c, std::int64_t const behind_point) noexcept {
    if (kept_ == 19) {
      found_.exact = found_.exact && c == '0';
      found_.exponent += 1 - behind_point;
      return;
    }
    found_.digits = found_.digits * 10 + static_cast<std::uint64_t>(c - '0');
    found_.exponent -= behind_point;
    if (found_.digits != 0) ++kept_;
  }

  constexpr void trim() noexcept {
    if (found_.digits == 0) found_.exponent = 0;
    for (; found_.digits != 0 && found_.digits % 10 == 0; ++found_.exponent) found_.digits /= 10;
  }

  std::string_view text_;
  decimal found_{};
  int kept_ = 0;
};

inline constexpr std::array<double, 23> powers_of_ten{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

} // namespace detail

/// The decimal that starts at byte `at`: "18", "1,234.50", ".5", "1e6". A comma belongs to it where one to three digits
/// stand before it and exactly three behind it. Linear in the length of the decimal.
constexpr decimal scan_decimal(std::string_view const text, std::size_t const at) noexcept {
  return detail::decimal_scanner(text, at).scan();
}

/// The double nearest to digits * 10^exponent; NaN where it overflows, or where it is not zero and underflows to zero.
inline double to_double(decimal const& number) noexcept {
  if (number.digits == 0) return 0.0;
  if (number.digits <= (std::uint64_t{1} << 53) && number.exponent >= -22 && number.exponent <= 22) {
    double const digits = static_cast<double>(number.digits);
    double const power = detail::powers_of_ten[static_cast<std::size_t>((std::abs)(number.exponent))];
    return number.exponent < 0 ? digits / power : digits * power;
  }
  if (number.exponent < -400 || number.exponent > 400) return std::nan("");
  std::array<char, 32>
      buffer{}; // 20 digits, 'e', 4 characters of exponent and the NUL; without a point, so without locale
  char* at = std::to_chars(buffer.data(), buffer.data() + 20, number.digits).ptr;
  *at++ = 'e';
  std::to_chars(at, at + 6, number.exponent);
  double const value = std::strtod(buffer.data(), nullptr);
  return value > 0.0 && std::isfinite(value) ? value : std::nan("");
}

COHORT_NAMESPACE_END
