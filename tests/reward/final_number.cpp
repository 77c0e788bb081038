// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/reward/final_number.hpp>

#include <support/catch.hpp>

#include <array>
#include <cmath>
#include <string>

using cohort::final_number;
using cohort::final_number_match;

TEST_CASE("final_number: the first number behind the last marker", "[reward][final_number]") {
  CHECK(final_number("16 - 3 = 13\nA: 18").value == 18.0);
  CHECK(final_number("A: 1\nA: 2\nno more").value == 2.0);
  CHECK(final_number("A: 1\n#### 2").value == 2.0);
  CHECK(final_number("so it is #### -1,200 eggs.").value == -1200.0);
  CHECK(final_number("  A: $18.00\r\n").value == 18.0);
  CHECK(final_number("A: 10 + 20").value == 10.0);
}

TEST_CASE("final_number: no marker, no answer", "[reward][final_number]") {
  for (std::string_view const text : {"", "18", "Job A: 18", "A:", "A: none", "A:\n18", "A: 1e999", "##### x"}) {
    CAPTURE(text);
    CHECK_FALSE(final_number(text));
  }
}

TEST_CASE("final_number_match: 1, 0, and NaN without a reference number", "[reward][final_number]") {
  CHECK(final_number_match("6 + 12\nA: 18.0", "work\n#### 18") == 1.0);
  CHECK(final_number_match("A: 19", "A: 18") == 0.0);
  CHECK(final_number_match("18", "A: 18") == 0.0);
  CHECK(final_number_match("A: 18 dollars.", "18") == 1.0);
  CHECK(std::isnan(final_number_match("A: 18", "A: unknown")));
  CHECK(std::isnan(final_number_match("A: 18", "12 and 18")));
}

TEST_CASE("final_number_match: markers and tolerance of one's own", "[reward][final_number]") {
  std::array<cohort::answer_marker, 1> const markers{{{"answer is", false}}};
  CHECK(final_number_match("The answer is 4.", "4", {.markers = markers}) == 1.0);
  CHECK(final_number_match("A: 4", "4", {.markers = markers}) == 0.0);
  CHECK(final_number_match("A: 0.33", "1/3", {.tolerance = {.absolute = 0.005}}) == 1.0);
  std::array<cohort::answer_marker, 1> const nothing{{{"", false}}};
  CHECK_FALSE(final_number("A: 4", nothing));
  CHECK_FALSE(final_number("A: 4", {}));
}

TEST_CASE("final_number: a megabyte of markers or blanks", "[reward][final_number]") {
  std::string markers;
  while (markers.size() < 1'000'000) markers += "A:A: #";
  CHECK_FALSE(final_number("x" + markers));
  CHECK_FALSE(final_number(std::string(1'000'000, '#')));
  CHECK(final_number(std::string(1'000'000, ' ') + "A: 5").value == 5.0);
}
