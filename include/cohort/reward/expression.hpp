// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The value of an arithmetic expression, safely: no recursion, no allocation, one pass.
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/characters.hpp>
#include <cohort/reward/decimal.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

COHORT_NAMESPACE_BEGIN

enum class expression_error : unsigned char {
  none,
  empty,             ///< nothing but blanks
  operand_expected,  ///< a number, a sign or "(" should stand here
  operator_expected, ///< an operator or ")" should stand here
  unbalanced,        ///< ")" without "(", or "(" without ")"
  too_deep,          ///< more than max_expression_depth open parentheses
  division_by_zero,
  overflow ///< a number or a result without a finite double
};

/// Open parentheses at a time that an expression may have.
inline constexpr std::size_t max_expression_depth = 64;

struct expression_result {
  double value = 0.0; ///< NaN on error
  expression_error error = expression_error::none;
  std::size_t position = 0; ///< of the error, in bytes

  explicit constexpr operator bool() const noexcept { return error == expression_error::none; }
};

namespace detail {

class expression_evaluator {
public:
  explicit expression_evaluator(std::string_view const text) noexcept : text_(text) {}

  expression_result run() noexcept {
    for (skip_blanks(); at_ < text_.size() && result_; skip_blanks()) {
      if (operand_next_) {
        operand();
      } else {
        operation();
      }
    }
    if (!result_) return result_;
    if (operand_next_) refuse(blank_ ? expression_error::empty : expression_error::operand_expected, at_);
    if (result_ && depth_ > 0) refuse(expression_error::unbalanced, at_);
    if (!result_) return result_;
    double const value = total(stack_[0], at_);
    if (result_) result_.value = value;
    return result_;
  }

private:
  /// sum + product is the value so far of what stands between one pair of parentheses.
  struct frame {
    double sum = 0.0;
    double product = 0.0;
    char operation = ' '; ///< between product and the next operand: '*', '/', or ' ' for none
    bool subtract = false;
    bool negate = false; ///< the next operand
  };

  frame& top() noexcept { return stack_[depth_]; }

  void refuse(expression_error const error, std::size_t const position) noexcept {
    result_ = {std::nan(""), error, position};
  }

  void skip_blanks() noexcept {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  bool take(std::string_view const word) noexcept {
    if (!stands_at(text_, at_, word)) return false;
    at_ += word.size();
    blank_ = false;
    return true;
  }

  bool take_minus() noexcept { return take("-") || take(minus_sign); }
  bool take_times() noexcept { return take("*") || take("x") || take("X") || take("\xC3\x97"); }
  bool take_divide() noexcept { return take("/") || take("\xC3\xB7"); }

  void operand() noexcept {
    std::size_t const position = at_;
    if (take_minus()) {
      top().negate = !top().negate;
    } else if (take("(")) {
      open(position);
    } else if (!take("+")) {
      take("$");
      number(position);
    }
  }

  void number(std::size_t const position) noexcept {
    decimal const found = scan_decimal(text_, at_);
    if (found.end == at_) return refuse(expression_error::operand_expected, position);
    at_ = found.end;
    double const value = to_double(found);
    if (std::isnan(value)) return refuse(expression_error::overflow, position);
    accept(value, position);
  }

  void open(std::size_t const position) noexcept {
    if (depth_ == max_expression_depth) return refuse(expression_error::too_deep, position);
    stack_[++depth_] = frame{};
  }

  void close(std::size_t const position) noexcept {
    if (depth_ == 0) return refuse(expression_error::unbalanced, position);
    double const value = total(top(), position);
    --depth_;
    if (result_) accept(value, position);
  }

  /// Takes one operand, a percent sign behind it included, into the product.
  void accept(double value, std::size_t const position) noexcept {
    if (take("%")) value /= 100.0;
    frame& here = top();
    if (here.negate) value = -value;
    if (here.operation == '/' && value == 0.0) return refuse(expression_error::division_by_zero, position);
    here.product = here.operation == '*' ? here.product * value : here.operation == '/' ? here.product / value : value;
    here.negate = false;
    operand_next_ = false;
    if (!std::isfinite(here.product)) refuse(expression_error::overflow, position);
  }

  void operation() noexcept {
    std::size_t const position = at_;
    if (take(")")) return close(position);
    operand_next_ = true;
    if (take_times()) {
      top().operation = '*';
    } else if (take_divide()) {
      top().operation = '/';
    } else if (take("+")) {
      next_term(false, position);
    } else if (take_minus()) {
      next_term(true, position);
    } else {
      refuse(expression_error::operator_expected, position);
    }
  }

  void next_term(bool const subtract, std::size_t const position) noexcept {
    top() = frame{.sum = total(top(), position), .subtract = subtract};
  }

  double total(frame const& here, std::size_t const position) noexcept {
    double const value = here.subtract ? here.sum - here.product : here.sum + here.product;
    if (!std::isfinite(value)) refuse(expression_error::overflow, position);
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool operand_next_ = true;
  bool blank_ = true;
  expression_result result_{};
  std::array<frame, max_expression_depth + 1> stack_{};
};

} // namespace detail

/// The value of an expression in double arithmetic, left to right, products before sums.
///
///   expression = term { ("+" | "-") term }          term = factor { ("*" | "/") factor }
///   factor     = { "+" | "-" } primary [ "%" ]      primary = [ "$" ] decimal | "(" expression ")"
///
/// x, X, U+00D7 are "*", U+00F7 is "/", U+2212 is "-"; p% is p / 100; decimals are scan_decimal's ("10,440,000", ".5").
/// No powers, no names, no implied products. Every step is rounded to double; a step without a finite value is an
/// error. Time linear in the text, memory constant; anything else than an expression is an error with its byte
/// position.
inline expression_result evaluate_expression(std::string_view const text) noexcept {
  return detail::expression_evaluator(text).run();
}

COHORT_NAMESPACE_END
