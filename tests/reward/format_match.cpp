// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cohort/reward/format_match.hpp>

#include <support/catch.hpp>

#include <cmath>

TEST_CASE("format_match: 1, 0, and NaN for a pattern in error", "[reward][format_match]") {
  cohort::text_pattern const shape("([^\\n]*\\n)*A: -?[\\d,]+(\\.\\d+)?\\n?");
  CHECK(cohort::format_match("2 + 2\nA: 1,234.50", shape) == 1.0);
  CHECK(cohort::format_match("A: 18\n", shape) == 1.0);
  CHECK(cohort::format_match("A: 18 eggs", shape) == 0.0);
  CHECK(cohort::format_match("A: 18\nand more", shape) == 0.0);
  CHECK(cohort::format_match("A: 18 eggs", shape, cohort::match_extent::anywhere) == 1.0);
  CHECK(std::isnan(cohort::format_match("A: 18", cohort::text_pattern("("))));
}
