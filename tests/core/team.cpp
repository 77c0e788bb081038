// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a team does that is not a sum over cells, on every context: lists, and single threads.
#include <vector>

#include <engines/rows.hpp>
#include <support/contexts.hpp>

namespace {

using cohort::host_space;
using cohort::index_t;

struct is_chosen {
  std::uint8_t const* chosen;
  bool operator()(index_t i) const { return chosen[i] != 0; }
};

/// Row r lists the chosen of its n numbers; the row's own count goes to `found`, by the thread of cell `cell`.
template <class T>
struct listing_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  index_t n, stride;
  std::uint8_t const* chosen; ///< n for each row
  index_t* list;
  index_t *found, *once;
  index_t cell;

  template <class Team>
  cohort::nothing<double> operator()(Team const& team, index_t r) const {
    static_assert(cohort::listing_team<Team>);
    index_t const count = team.list(n, is_chosen{chosen + r * n}, {list + r * n * stride, stride});
    team.at(cell, [=, to = found + r] { *to += count; });
    team.once([=, to = once + r] { *to += count; });
    return {};
  }
};

/// The cell's column into each row.
struct at_body {
  using compute_type = float;
  static constexpr bool rows_in_lanes = true;

  index_t cell;
  index_t* visits;

  template <class Team>
  cohort::nothing<typename Team::uniform> operator()(Team const& team, index_t r) const {
    team.at(cell, [=, to = visits + r, c = cell] { *to += c + 1; });
    return {};
  }
};

/// What rows of n numbers list, of which every `each`-th is chosen, and nearly so for later rows.
template <class T, class Context>
void check_lists(Context& context, index_t n, index_t each, index_t stride) {
  CAPTURE(n, each, stride);
  index_t const rows = 3;
  std::vector<std::uint8_t> chosen(static_cast<std::size_t>(rows * n), 0);
  std::vector<index_t> expected(static_cast<std::size_t>(rows * n * stride), -7), list = expected, counts(3, 0);
  for (index_t r = 0; r < rows; ++r)
    for (index_t i = 0; i < n; ++i)
      if ((i + r) % each == 0) {
        chosen[static_cast<std::size_t>(r * n + i)] = 1;
        expected[static_cast<std::size_t>((r * n + counts[static_cast<std::size_t>(r)]++) * stride)] = i;
      }
  std::vector<index_t> found(3, 0), once(3, 0);
  cohort::row_layout<host_space> const layout{.rows = rows, .width = n};
  cohort::nothing<double>* const total = nullptr;
  listing_body<T> const body{n, stride, chosen.data(), list.data(), found.data(), once.data(), n > 0 ? n - 1 : 0};
  context.template for_each_row<cohort::nothing>(layout, body, total);
  CHECK((list == expected && found == counts && once == counts));
}

} // namespace

TEST_CASE("a team lists numbers in ascending order", "[core][team]") {
  support::on_every_context([](auto& context) {
    for (index_t const n : {0, 1, 2, 31, 32, 33, 255, 256, 257, 1000, 5000})
      for (index_t const each : {1, 2, 3, 100, 10000})
        for (index_t const stride : {1, 3}) {
          check_lists<float>(context, n, each, stride);
          check_lists<double>(context, n, each, stride);
        }
  });
}

TEST_CASE("one thread of a team has a cell", "[core][team]") {
  support::on_every_context([](auto& context) {
    for (index_t const width : {1, 5, 64, 65, 700})
      for (index_t const cell : {index_t{0}, width / 2, width - 1}) {
        std::vector<index_t> visits(100, 0);
        cohort::row_layout<host_space> const layout{.rows = 1, .width = width};
        cohort::nothing<double>* const total = nullptr;
        context.template for_each_row<cohort::nothing>(layout, at_body{cell, visits.data()}, total);
        CHECK(visits[0] == cell + 1);
      }
  });
}
