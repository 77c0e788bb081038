// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/reward/expression.hpp>

#include <support/catch.hpp>

#include <cmath>
#include <random>
#include <string>

using cohort::evaluate_expression;
using cohort::expression_error;

namespace {

void check_error(std::string_view const text, expression_error const error, std::size_t const position) {
  CAPTURE(text);
  cohort::expression_result const result = evaluate_expression(text);
  CHECK_FALSE(result);
  CHECK(result.error == error);
  CHECK(result.position == position);
  CHECK(std::isnan(result.value));
}

std::string repeat(std::string_view const piece, std::size_t const times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

/// A random expression, and its value computed beside it in the same order.
struct sample {
  std::string text;
  double value;
};

sample make_primary(std::mt19937& random, int depth);

sample make_term(std::mt19937& random, int const depth) {
  sample term = make_primary(random, depth);
  for (std::size_t n = random() % 3; n > 0; --n) {
    sample const next = make_primary(random, depth);
    bool const divide = random() % 2 == 0 && next.value != 0.0;
    term = {term.text + (divide ? "/" : "*") + next.text, divide ? term.value / next.value : term.value * next.value};
  }
  return term;
}

sample make_expression(std::mt19937& random, int const depth) {
  sample sum = make_term(random, depth);
  for (std::size_t n = random() % 3; n > 0; --n) {
    sample const next = make_term(random, depth);
    bool const minus = random() % 2 == 0;
    sum = {sum.text + (minus ? " - " : " + ") + next.text, minus ? sum.value - next.value : sum.value + next.value};
  }
  return sum;
}

sample make_primary(std::mt19937& random, int const depth) {
  if (depth > 0 && random() % 3 == 0) {
    sample const inner = make_expression(random, depth - 1);
    return random() % 4 == 0 ? sample{"-(" + inner.text + ")", -inner.value}
                             : sample{"(" + inner.text + ")", inner.value};
  }
  unsigned const tenths = static_cast<unsigned>(random() % 1000);
  return {std::to_string(tenths / 10) + "." + std::to_string(tenths % 10), tenths / 10.0};
}

} // namespace

TEST_CASE("expression: arithmetic", "[reward][expression]") {
  CHECK(evaluate_expression("16-3-4").value == 9.0);
  CHECK(evaluate_expression("2+3*4").value == 14.0);
  CHECK(evaluate_expression("(2+3)*4").value == 20.0);
  CHECK(evaluate_expression("8/2/2").value == 2.0);
  CHECK(evaluate_expression("2*1/2").value == 1.0);
  CHECK(evaluate_expression("-3--4").value == 1.0);
  CHECK(evaluate_expression("--+-3").value == -3.0);
  CHECK(evaluate_expression("2*-(1+2)").value == -6.0);
  CHECK(evaluate_expression(" 5 \t+ .25 ").value == 5.25);
  CHECK(evaluate_expression("0.1+0.2").value == 0.1 + 0.2);
}

TEST_CASE("expression: as word problems write it", "[reward][expression]") {
  CHECK(evaluate_expression("50000*5%").value == 2500.0);
  CHECK(evaluate_expression("100/(2+3)%").value == 2000.0);
  CHECK(evaluate_expression("725*10,440,000").value == 7569000000.0);
  CHECK(evaluate_expression("$3 x 4").value == 12.0);
  CHECK(evaluate_expression("3\xC3\x97"
                            "4\xC3\xB7"
                            "2\xE2\x88\x92"
                            "1")
            .value == 5.0);
}

TEST_CASE("expression: errors say what and where", "[reward][expression]") {
  check_error("", expression_error::empty, 0);
  check_error("  ", expression_error::empty, 2);
  check_error("1+", expression_error::operand_expected, 2);
  check_error("-", expression_error::operand_expected, 1);
  check_error("X*.25", expression_error::operand_expected, 0);
  check_error("28-2x", expression_error::operand_expected, 5);
  check_error("2**3", expression_error::operand_expected, 2);
  check_error("()", expression_error::operand_expected, 1);
  check_error("5+2(3)", expression_error::operator_expected, 3);
  check_error("2 apples", expression_error::operator_expected, 2);
  check_error("5*2/5=2", expression_error::operator_expected, 5);
  check_error("1\n+2", expression_error::operator_expected, 1);
  check_error("(1+2", expression_error::unbalanced, 4);
  check_error("1+2)", expression_error::unbalanced, 3);
  check_error("4/(2-2)", expression_error::division_by_zero, 6);
  check_error("1/0", expression_error::division_by_zero, 2);
  check_error("1+1e999", expression_error::overflow, 2);
  check_error("1e308*10", expression_error::overflow, 6);
  check_error("1e308+1e308", expression_error::overflow, 11);
  check_error("\xC2\xBE*3", expression_error::operand_expected, 0);
  check_error(std::string_view("1\0+2", 4), expression_error::operator_expected, 1);
}

TEST_CASE("expression: depth is limited, length is not", "[reward][expression]") {
  std::size_t const depth = cohort::max_expression_depth;
  CHECK(evaluate_expression(repeat("(", depth) + "7" + repeat(")", depth)).value == 7.0);
  check_error(repeat("(", depth + 1) + "7", expression_error::too_deep, depth);
  check_error(repeat("(", 1'000'000), expression_error::too_deep, depth);
  CHECK(evaluate_expression(repeat("-", 1'000'000) + "7").value == 7.0);
  CHECK(evaluate_expression("0" + repeat("+1", 500'000)).value == 500'000.0);
  CHECK(evaluate_expression("1" + repeat("*1", 500'000)).value == 1.0);
  CHECK(evaluate_expression("0" + repeat("+(1)", 250'000)).value == 250'000.0);
}

TEST_CASE("expression: random expressions have the value C++ gives them", "[reward][expression]") {
  std::mt19937 random(20240215);
  for (int i = 0; i < 5000; ++i) {
    sample const expected = make_expression(random, 4);
    CAPTURE(expected.text);
    cohort::expression_result const result = evaluate_expression(expected.text);
    if (result) CHECK(result.value == expected.value);
    if (!result) CHECK(result.error == expression_error::overflow);
  }
}
