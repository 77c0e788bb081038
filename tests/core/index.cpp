// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstdint>
#include <limits>
#include <vector>

#include <cohort/core/index.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace {

using cohort::index_t;
__extension__ using wide_integer = __int128;

constexpr index_t highest = std::numeric_limits<index_t>::max(), lowest = std::numeric_limits<index_t>::min();

bool fits(wide_integer x) { return x >= lowest && x <= highest; }

void check_pair(index_t a, index_t b) {
  index_t result = 0;
  wide_integer const product = wide_integer{a} * b, sum = wide_integer{a} + b;
  INFO(a << ", " << b);
  REQUIRE(cohort::checked_multiply(a, b, result) == fits(product));
  if (fits(product)) REQUIRE(result == static_cast<index_t>(product));
  REQUIRE(cohort::checked_add(a, b, result) == fits(sum));
  if (fits(sum)) REQUIRE(result == static_cast<index_t>(sum));
}

constexpr index_t multiplied(index_t a, index_t b) {
  index_t product = 0;
  return cohort::checked_multiply(a, b, product) ? product : -1;
}

static_assert(sizeof(index_t) == 8 && multiplied(1 << 20, 1 << 20) == index_t{1} << 40);
static_assert(multiplied(highest, 2) == -1);

} // namespace

TEST_CASE("checked arithmetic agrees with 128 bits at the edges", "[core][index]") {
  std::vector<index_t> const edges{0,       1,           -1,         2,          -2,          3,
                                   highest, highest - 1, lowest,     lowest + 1, highest / 2, highest / 2 + 1,
                                   1 << 20, -(1 << 20),  3037000499, 3037000500, -3037000500, index_t{1} << 32};
  for (index_t const a : edges)
    for (index_t const b : edges) check_pair(a, b);
}

TEST_CASE("checked arithmetic agrees with 128 bits on random numbers of every length", "[core][index]") {
  support::random random(7);
  for (int i = 0; i < 20000; ++i) {
    auto const a = static_cast<index_t>(random.bits()) >> random.integer(0, 63);
    check_pair(a, static_cast<index_t>(random.bits()) >> random.integer(0, 63));
  }
}
