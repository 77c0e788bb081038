// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstring>
#include <exception>
#include <string>

#include <cohort/core/error.hpp>
#include <support/catch.hpp>

namespace {

std::string text(cohort::status const& s, std::size_t size = 320) {
  std::string buffer(size, '#');
  cohort::describe(s, buffer.data(), size);
  return buffer.c_str();
}

constexpr cohort::status plain{cohort::error_code::bad_extent, "f", "x", "an extent is negative"};
constexpr cohort::status full{cohort::error_code::shape_mismatch, "f", "x", "extent differs", 1,
                              cohort::status::values_told::both,  3,   4};

} // namespace

TEST_CASE("a default status is success", "[core][status]") {
  STATIC_REQUIRE(cohort::status{}.ok());
  STATIC_REQUIRE(cohort::status{});
  STATIC_REQUIRE_FALSE(plain.ok());
}

TEST_CASE("the text of a status names function, argument, place, rule and values", "[core][status]") {
  CHECK(text(plain) == "f: x: an extent is negative");
  CHECK(text(full) == "f: x [1]: extent differs: found 3, expected 4");
  cohort::status one = full;
  one.told = cohort::status::values_told::found, one.found = 0.1;
  CHECK(text(one) == "f: x [1]: extent differs: found 0.10000000000000001");
}

TEST_CASE("a short buffer cuts the text and terminates it", "[core][status]") {
  std::string const whole = text(full);
  for (std::size_t size = 1; size <= whole.size() + 1; ++size) CHECK(text(full, size) == whole.substr(0, size - 1));
}

TEST_CASE("errors are exceptions with that text, copyable, of their own kinds", "[core][status]") {
  cohort::contract_error const error(full);
  cohort::contract_error const copy = error;
  CHECK(std::string(copy.what()) == text(full));
  CHECK(copy.status().code == cohort::error_code::shape_mismatch);
  CHECK(dynamic_cast<std::exception const*>(&copy) != nullptr);
  STATIC_REQUIRE_FALSE(std::is_base_of_v<cohort::contract_error, cohort::data_error>);
  CHECK_THROWS_AS(cohort::detail::fail_with<cohort::data_error>(full), cohort::data_error);
  CHECK_THROWS_WITH(cohort::detail::require(plain), "f: x: an extent is negative");
  CHECK(cohort::detail::require({}));
}
