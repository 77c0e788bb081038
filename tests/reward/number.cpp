// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/reward/number.hpp>

#include <support/catch.hpp>

#include <clocale>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

double value_of(std::string_view const text) {
  cohort::parsed_number const number = cohort::find_number(text);
  REQUIRE(number);
  return number.value;
}

bool same(std::string_view const a, std::string_view const b) {
  return cohort::numbers_match(cohort::find_number(a), cohort::find_number(b));
}

std::vector<double> all_numbers(std::string_view const text) {
  std::vector<double> values;
  cohort::for_each_number(text, [&](cohort::parsed_number const& number) { values.push_back(number.value); });
  return values;
}

} // namespace

TEST_CASE("number: forms people and models write", "[reward][number]") {
  CHECK(value_of("18") == 18.0);
  CHECK(value_of("$18") == 18.0);
  CHECK(value_of("-3") == -3.0);
  CHECK(value_of("+3") == 3.0);
  CHECK(value_of(".5") == 0.5);
  CHECK(value_of("-.5") == -0.5);
  CHECK(value_of("1,234.50") == 1234.5);
  CHECK(value_of("2,000,000") == 2e6);
  CHECK(value_of("$-129,025") == -129025.0);
  CHECK(value_of("-$3.25") == -3.25);
  CHECK(value_of("\xE2\x88\x92\xE2\x82\xAC"
                 "7") == -7.0);
  CHECK(value_of("50%") == 50.0);
  CHECK(value_of("3/4") == 0.75);
  CHECK(value_of("1e6") == 1e6);
  CHECK(value_of("2.5E-3") == 2.5e-3);
  CHECK(value_of("70,000.") == 70000.0);
  CHECK(value_of("18 dollars.") == 18.0);
  CHECK(value_of("3 eggs") == 3.0);
  CHECK(value_of("007") == 7.0);
}

TEST_CASE("number: what a comma, a dash and a slash belong to", "[reward][number]") {
  CHECK(all_numbers("1,2,3") == std::vector<double>{1, 2, 3});
  CHECK(all_numbers("1,2345") == std::vector<double>{1, 2345});
  CHECK(all_numbers("1234,567") == std::vector<double>{1234, 567});
  CHECK(all_numbers("12,345,67") == std::vector<double>{12345, 67});
  CHECK(all_numbers("16-3 - 4, -5 x-6 (-7)-8") == std::vector<double>{16, 3, 4, -5, 6, -7, 8});
  CHECK(all_numbers("3/4/2020") == std::vector<double>{3, 4.0 / 2020});
  CHECK(all_numbers("1/2 and 1.5/2") == std::vector<double>{0.5, 0.75});
  CHECK(all_numbers("5e 5ex 5e+ 5e+1") == std::vector<double>{5, 5, 5, 50});
  CHECK(all_numbers("no number, nan inf . , - $ %").empty());
}

TEST_CASE("number: places are bytes, sign and currency included", "[reward][number]") {
  std::string_view const text = "it costs -$1,234.50!";
  cohort::parsed_number const number = cohort::find_number(text);
  CHECK(text.substr(number.begin, number.end - number.begin) == "-$1,234.50");
  CHECK(number.exact());
  CHECK_FALSE(number.whole());
  CHECK(cohort::find_number("-5", 1).value == 5.0);
  CHECK(cohort::find_number("-5", 1).begin == 1);
  CHECK(cohort::find_number("5", 9).state == cohort::number_state::none);
}

TEST_CASE("number: a text that is one number", "[reward][number]") {
  CHECK(cohort::parse_number(" 18 dollars.\n").value == 18.0);
  CHECK(cohort::parse_number("3/4").value == 0.75);
  for (std::string_view const text : {"", " ", "150 000", "about 3", "1.2.3", "x", "-", "3:30"}) {
    CAPTURE(text);
    CHECK_FALSE(cohort::parse_number(text));
  }
}

TEST_CASE("number: decimals compare exactly, the rest within the tolerance", "[reward][number]") {
  CHECK(same("18.0", "18"));
  CHECK(same("$1,000", "1e3"));
  CHECK(same("-0", "0.00"));
  CHECK(same("0.10", ".1"));
  CHECK(same("1234567890123456789", "1,234,567,890,123,456,789.0"));
  CHECK_FALSE(same("1234567890123456789", "1234567890123456788"));
  CHECK_FALSE(same("18", "-18"));
  CHECK_FALSE(same("18", "19"));
  CHECK(same("17.999999999999996", "18"));
  CHECK(same("1/3", "0.33333333333333333333"));
  CHECK_FALSE(same("1/3", "0.33"));
  CHECK(same("10/5", "2"));
  CHECK_FALSE(same("50%", "0.5"));
  CHECK_FALSE(cohort::numbers_match({}, {}));
  auto const third = cohort::find_number("1/3");
  CHECK(cohort::numbers_match(third, cohort::find_number("0.33"), {.absolute = 0.005}));
  CHECK(cohort::values_match(1e300, 1e300 * (1 + 1e-13)));
  CHECK_FALSE(cohort::values_match(1.7e308, -1.7e308));
  CHECK_FALSE(cohort::values_match(std::nan(""), std::nan("")));
}

TEST_CASE("number: conversion is the nearest double", "[reward][number]") {
  for (char const* const text : {"0.1", "123456789.125", "9007199254740993", "1e22", "1e23", "4.35", "5e-324",
                                 "1.7976931348623157e308", "2.2250738585072011e-308", "8.333333333333334"}) {
    CAPTURE(text);
    CHECK(value_of(text) == std::strtod(text, nullptr));
  }
}

TEST_CASE("number: hostile sizes have bounded answers", "[reward][number]") {
  std::size_t const million = 1'000'000;
  CHECK(cohort::find_number(std::string(million, '9')).state == cohort::number_state::out_of_range);
  CHECK(value_of("0." + std::string(million, '3')) == 1.0 / 3);
  CHECK(value_of(std::string(million, '0') + "7") == 7.0);
  CHECK(value_of("1" + std::string(million, '0') + "e-1000000") == 1.0);
  CHECK(value_of("5." + std::string(million, '0')) == 5.0);
  CHECK(cohort::find_number("5." + std::string(million, '0')).exact());
  CHECK(cohort::find_number("0." + std::string(million, '0') + "1").state == cohort::number_state::out_of_range);
  for (std::string_view const text : {"1e999", "-1e999", "1e-999", "1e99999999999999999999", "3/0", "1/1e999", "0/0"}) {
    CAPTURE(text);
    CHECK(cohort::find_number(text).state == cohort::number_state::out_of_range);
    CHECK_FALSE(cohort::find_number(text));
  }
  CHECK(value_of("0e999") == 0.0);
  CHECK(all_numbers("1e999 and 2").back() == 2.0);
  std::string repeated;
  while (repeated.size() < million) repeated += "1/2,333/.";
  CHECK(all_numbers(repeated).size() > 100'000);
}

TEST_CASE("number: the locale is not read", "[reward][number]") {
  std::string const before = std::setlocale(LC_ALL, nullptr);
  bool const changed = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  CHECK(value_of("1234567890.12345678901") == 1234567890.1234567);
  CAPTURE(changed);
  std::setlocale(LC_ALL, before.c_str());
}
