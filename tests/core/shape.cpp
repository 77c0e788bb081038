// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The checks that every algorithm shares.
#include <cstring>
#include <limits>
#include <vector>

#include <cohort/detail/shape.hpp>
#include <cohort/interop/span.hpp>
#include <support/catch.hpp>

namespace {

using cohort::error_code;
using cohort::host_space;
using cohort::index_t;
constexpr cohort::detail::checker check{"f"};
constexpr index_t highest = std::numeric_limits<index_t>::max();
float const somewhere[1] = {};

error_code of_shape(void const* data, index_t rows, index_t columns, index_t row_stride, index_t column_stride) {
  index_t const extent[2] = {rows, columns}, stride[2] = {row_stride, column_stride};
  return check.shape("x", data, extent, stride, 2).code;
}
error_code of_offsets(std::vector<int> const& offsets, index_t total) {
  return check.offsets("x", cohort::index_view<host_space>(offsets), total).code;
}
error_code of_groups(cohort::group_layout<host_space> const& groups, index_t samples) {
  return check.groups(groups, samples).code;
}

using floats = cohort::view<float const, 2, host_space>;
bool overlap(float const* a, index_t a_stride, float const* b, index_t b_stride) {
  return cohort::detail::overlaps(floats(a, {3, 4}, {a_stride, 1}), floats(b, {3, 4}, {b_stride, 1}));
}

} // namespace

TEST_CASE("shapes: negative extents, products and strides beyond 64 bits, null data", "[core][shape]") {
  CHECK(of_shape(somewhere, 2, 3, 3, 1) == error_code::none);
  CHECK(of_shape(somewhere, 2, 3, -3, 0) == error_code::none);
  CHECK(of_shape(somewhere, -1, 3, 3, 1) == error_code::bad_extent);
  CHECK(of_shape(somewhere, 2, std::numeric_limits<index_t>::min(), 3, 1) == error_code::bad_extent);
  CHECK(of_shape(somewhere, index_t{1} << 32, index_t{1} << 32, 1, 1) == error_code::size_overflow);
  CHECK(of_shape(somewhere, 2, 3, highest, 1) == error_code::bad_stride);
  CHECK(of_shape(somewhere, 2, 3, highest / 20, 1) == error_code::none);
  CHECK(of_shape(somewhere, 2, 3, std::numeric_limits<index_t>::min(), 1) == error_code::bad_stride);
  CHECK(of_shape(nullptr, 2, 3, 3, 1) == error_code::null_data);
  CHECK(of_shape(nullptr, 0, 3, 3, 1) == error_code::none);
  CHECK(of_shape(nullptr, 2, 0, 3, 1) == error_code::none);
}

TEST_CASE("offsets start at 0, do not decrease and end at the total", "[core][shape]") {
  CHECK(of_offsets({0, 2, 2, 5}, 5) == error_code::none);
  CHECK(of_offsets({0}, 0) == error_code::none);
  CHECK(of_offsets({1, 2, 5}, 5) == error_code::bad_offsets);
  CHECK(of_offsets({0, 3, 2, 5}, 5) == error_code::bad_offsets);
  CHECK(of_offsets({0, 2, 4}, 5) == error_code::bad_offsets);
  CHECK(of_offsets({0, 2, 6}, 5) == error_code::bad_offsets);
  CHECK(of_offsets({0, -1, 5}, 5) == error_code::bad_offsets);
  std::vector<int> const late{0, 3, 2};
  cohort::status const s = check.offsets("x", cohort::index_view<host_space>(late), 2);
  CHECK((s.index == 2 && s.found == 2 && s.expected == 3));
  cohort::index_view<host_space> wild(late);
  wild.stride = index_t{1} << 62; // reaches outside: refused by its shape, and not read
  CHECK(check.indices("x", wild, 3).code == error_code::bad_stride);
  CHECK(check.offsets("x", wild, 2).ok());
}

TEST_CASE("groups fit the samples", "[core][shape]") {
  std::vector<int> const offsets{0, 2, 5}, ids{1, 1, 2}, none;
  CHECK(of_groups(cohort::uniform_groups{4}, 12) == error_code::none);
  CHECK(of_groups(cohort::uniform_groups{4}, 0) == error_code::none);
  CHECK(of_groups(cohort::uniform_groups{5}, 12) == error_code::bad_group);
  CHECK(of_groups(cohort::uniform_groups{0}, 12) == error_code::bad_group);
  CHECK(of_groups(cohort::uniform_groups{-4}, 12) == error_code::bad_group);
  CHECK(of_groups(cohort::group_offsets(offsets), 5) == error_code::none);
  CHECK(of_groups(cohort::group_offsets(offsets), 6) == error_code::bad_offsets);
  CHECK(of_groups(cohort::group_offsets(none), 0) == error_code::bad_offsets);
  CHECK(of_groups(cohort::group_ids(ids), 3) == error_code::none);
  CHECK(of_groups(cohort::group_ids(ids), 4) == error_code::shape_mismatch);
}

TEST_CASE("an output is an input, apart from it, or refused", "[core][shape]") {
  std::vector<float> memory(64);
  float const* const p = memory.data();
  CHECK_FALSE(overlap(p, 4, p, 4));
  CHECK_FALSE(overlap(p, 4, p + 12, 4));
  CHECK_FALSE(overlap(p + 12, 4, p, 4));
  CHECK(overlap(p, 4, p + 11, 4));
  CHECK(overlap(p + 1, 4, p, 4));
  CHECK(overlap(p, 4, p, 5));
  CHECK(overlap(p + 8, -4, p, 4));
  CHECK_FALSE(overlap(p + 20, -4, p, 4));
  CHECK_FALSE(overlap(nullptr, 4, p, 4));
  CHECK_FALSE(overlap(p, 8, p + 4, 8)); // rows side by side in one buffer
  CHECK_FALSE(overlap(p + 4, 8, p, 8));
  CHECK_FALSE(overlap(p + 4, 8, p + 16, 8));
  CHECK(overlap(p, 8, p + 3, 8));
  CHECK(overlap(p, 8, p + 5, 8));
}

TEST_CASE("the first broken rule wins, and workspaces say what they need", "[core][shape]") {
  cohort::status const ok, first = check.broken(error_code::bad_step, "a", "one"),
                           second = check.broken(error_code::overlap, "b", "two");
  CHECK(cohort::detail::first_broken({ok, first, second}).code == error_code::bad_step);
  CHECK(cohort::detail::first_broken({ok, ok}).ok());
  cohort::workspace_layout needed;
  needed.take<double>(100);
  cohort::status const s = check.workspace({nullptr, 64}, needed);
  CHECK((s.code == error_code::bad_workspace && s.found == 64 && s.expected == 832));
  CHECK(check.workspace({nullptr, 832}, needed).ok());
  needed.take<double>(highest);
  CHECK(check.workspace({nullptr, highest}, needed).code == error_code::size_overflow);
}
