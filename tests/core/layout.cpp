// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rectangles, ragged runs and gathered rows: where each argument lies over them.
#include <cstdint>
#include <vector>

#include <cohort/core/group_layout.hpp>
#include <cohort/core/token_layout.hpp>
#include <cohort/interop/span.hpp>
#include <support/catch.hpp>

namespace {

using cohort::host_space;
using cohort::index_t;
using rows_t = cohort::row_layout<host_space>;
using floats = std::vector<float>;
constexpr cohort::lane<double, true> one{1};

floats counted(std::size_t n) {
  floats values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i);
  return values;
}

/// The elements of every row as one list.
template <class Cells>
std::vector<double> visited(rows_t const& rows, Cells const& cells) {
  std::vector<double> seen;
  for (index_t r = 0; r < rows.rows; ++r)
    for (index_t c = 0; c < rows.length(r); ++c) seen.push_back(cohort::load(one, cells.row(rows, r), c));
  return seen;
}

std::vector<double> positions(rows_t const& rows) {
  std::vector<double> seen;
  for (index_t r = 0; r < rows.rows; ++r)
    for (index_t c = 0; c < rows.length(r); ++c) seen.push_back(cohort::position(one, rows, r, c));
  return seen;
}

using list = std::vector<double>;
std::vector<index_t> const offsets{0, 2, 2, 5};

} // namespace

TEST_CASE("a rectangle", "[core][layout]") {
  cohort::token_layout<host_space> const layout = cohort::padded{2, 3};
  CHECK_FALSE(layout.is_packed());
  CHECK(layout.rows.rectangle());
  CHECK((layout.rows.first(1) == 3 && layout.rows.length(1) == 3));
  CHECK(positions(layout.rows) == list{0, 1, 2, 3, 4, 5});
  float const matrix[2][3] = {{0, 1, 2}, {3, 4, 5}};
  floats const run = counted(6);
  using token_view = cohort::optional_token_view<float const, host_space>;
  CHECK(visited(layout.rows, cohort::token_cells(layout, token_view(matrix))) == list{0, 1, 2, 3, 4, 5});
  CHECK(visited(layout.rows, cohort::token_cells(layout, token_view(run))) == list{0, 1, 2, 3, 4, 5});
  token_view transposed(matrix);
  transposed.stride[0] = 1, transposed.stride[1] = 2;
  CHECK(visited(layout.rows, cohort::token_cells(layout, transposed)) == list{0, 2, 4, 1, 3, 5});
  token_view backwards(run);
  backwards.data += 5, backwards.stride[0] = -1;
  CHECK(visited(layout.rows, cohort::token_cells(layout, backwards)) == list{5, 4, 3, 2, 1, 0});
  CHECK_FALSE(cohort::token_cells(layout, token_view{}).given());
}

TEST_CASE("packed tokens", "[core][layout]") {
  cohort::token_layout<host_space> const layout = cohort::packed(offsets);
  CHECK(layout.is_packed());
  CHECK(layout.rows.rows == 3);
  CHECK((layout.rows.length(0) == 2 && layout.rows.length(1) == 0 && layout.rows.first(2) == 2));
  CHECK(positions(layout.rows) == list{0, 1, 2, 3, 4});
  floats const run = counted(10);
  cohort::optional_token_view<float const, host_space> x(run);
  CHECK(visited(layout.rows, cohort::token_cells(layout, x)) == list{0, 1, 2, 3, 4});
  x.stride[0] = 2;
  CHECK(visited(layout.rows, cohort::token_cells(layout, x)) == list{0, 2, 4, 6, 8});
  std::vector<std::int32_t> const none;
  CHECK(cohort::token_layout<host_space>(cohort::packed(none)).rows.rows == 0);
  std::vector<std::int32_t> const narrow{0, 2, 2, 5};
  CHECK(positions(cohort::token_layout<host_space>(cohort::packed(narrow)).rows) == positions(layout.rows));
}

TEST_CASE("gathered rows read, write and stand where their order says", "[core][layout]") {
  std::vector<index_t> const order{4, 0, 3, 1, 2};
  rows_t const rows{.rows = 3, .offsets = offsets, .order = order.data()};
  floats run = counted(10);
  cohort::cells<float, host_space> const cells{run.data(), 0, 2, false};
  CHECK(visited(rows, cells) == list{8, 0, 6, 2, 4});
  CHECK(positions(rows) == list{4, 0, 3, 1, 2});
  for (index_t c = 0; c < 3; ++c) cohort::store(one, cells.row(rows, 2), c, 100.0 + static_cast<double>(c));
  CHECK(run == floats{0, 1, 101, 3, 102, 5, 100, 7, 8, 9});
}

TEST_CASE("values per row broadcast over the row", "[core][layout]") {
  floats const values = counted(6);
  rows_t const rows{.rows = 3, .offsets = offsets};
  CHECK(visited(rows, cohort::row_cells<float const, host_space>(values.data(), 2)) == list{0, 0, 4, 4, 4});
  cohort::token_layout<host_space> const layout = cohort::padded{2, 2};
  cohort::advantage_view<float, host_space> const sequences = cohort::per_sequence(values);
  CHECK(visited(layout.rows, sequences.over(layout)) == list{0, 0, 1, 1});
  cohort::advantage_view<float, host_space> const tokens = cohort::per_token(values);
  CHECK(visited(layout.rows, tokens.over(layout)) == list{0, 1, 2, 3});
}

TEST_CASE("groups over a single run", "[core][layout]") {
  floats const run = counted(12);
  rows_t const uniform{.rows = 3, .width = 2};
  CHECK(visited(uniform, cohort::run_cells<float const, host_space>(uniform, run.data(), 2)) ==
        list{0, 2, 4, 6, 8, 10});
  rows_t const ragged{.rows = 3, .offsets = offsets};
  CHECK(visited(ragged, cohort::run_cells<float const, host_space>(ragged, run.data(), 1)) == list{0, 1, 2, 3, 4});
}

TEST_CASE("a lane per row goes down the rows", "[core][layout]") {
  float const matrix[3][4] = {{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}};
  rows_t const rows{.rows = 3, .width = 4};
  cohort::view<float const, 2, host_space> const view = matrix;
  cohort::lane<double, false> const down{1};
  auto const line = cohort::matrix_cells(view).row(rows, 1);
  CHECK((line.step == 1 && line.lane_step == 4 && line.order == nullptr));
  CHECK(cohort::load(down, line, 2) == 6);
  CHECK(cohort::position(down, rows, 1, 2) == 6);
}

TEST_CASE("group layouts know how many groups there may be", "[core][layout]") {
  using groups = cohort::group_layout<host_space>;
  std::vector<int> const ids{5, 5, -1, 5};
  CHECK(groups(cohort::uniform_groups{4}).groups(12) == 3);
  CHECK(groups(cohort::uniform_groups{0}).groups(12) == 0);
  CHECK(groups(cohort::group_offsets(offsets)).groups(5) == 3);
  CHECK(groups(cohort::group_offsets(std::vector<int>{})).groups(0) == 0);
  CHECK(groups(cohort::group_ids(ids)).groups(4) == 4);
  CHECK(groups(cohort::group_ids(ids)).view[2] == -1);
}
