// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Lists of rows, and closing up the rows that stay, on every context.
#include <numeric>
#include <vector>

#include <cohort/gradient/detail/head_gradient.hpp>

#include <support/contexts.hpp>

namespace {

using cohort::host_space;
using cohort::index_t;
namespace d = cohort::detail;

/// Every share-th token has a gradient.
std::vector<std::uint8_t> live_tokens(index_t n, double share, std::uint64_t seed) {
  support::random random(seed);
  std::vector<std::uint8_t> live(static_cast<std::size_t>(n));
  for (auto& x : live) x = random.uniform() < share ? 2 : 1;
  return live;
}

/// Rows [0, kept) are those that stay, the ones that stood there unmoved; the others are moved in their order.
void check_closed_up(std::vector<std::uint8_t> const& live, std::vector<index_t> const& before,
                     std::vector<index_t> const& after, std::vector<index_t> const& from,
                     std::vector<index_t> const& to, index_t kept, index_t moved) {
  auto const stays = [&](index_t row) {
    return live[static_cast<std::size_t>(before[static_cast<std::size_t>(row)])] == 2;
  };
  auto const n = static_cast<index_t>(before.size());
  std::vector<index_t> rows(before.size()), gaps, movers;
  std::iota(rows.begin(), rows.end(), index_t{0});
  index_t count = 0;
  for (index_t i = 0; i < n; ++i) count += stays(i);
  for (index_t i = 0; i < n; ++i)
    if (stays(i) != (i < count)) (i < count ? gaps : movers).push_back(i);
  REQUIRE((kept == count && moved == static_cast<index_t>(gaps.size()) && gaps.size() == movers.size()));
  for (std::size_t k = 0; k < gaps.size(); ++k) {
    CHECK((from[k] == movers[k] && to[k] == gaps[k]));
    rows[static_cast<std::size_t>(gaps[k])] = movers[k];
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(kept); ++i)
    CHECK(after[i] == before[static_cast<std::size_t>(rows[i])]);
}

constexpr double shares[] = {0, 0.02, 0.5, 0.97, 1};
constexpr index_t sizes[] = {0, 1, 2, 17, 256, 257, 1000};

} // namespace

TEST_CASE("rows with a gradient are listed, the rest of the list is -1", "[gradient][row_list]") {
  support::on_every_context([](auto& context) {
    for (index_t const n : sizes)
      for (double const share : shares)
        for (index_t const step : {1, 2}) {
          auto const live = live_tokens(n, share, 41);
          std::vector<index_t> expected(static_cast<std::size_t>(n * step), 7), list = expected;
          std::size_t found = 0;
          for (index_t i = 0; i < n; ++i)
            if (live[static_cast<std::size_t>(i)] == 2) expected[found++ * static_cast<std::size_t>(step)] = i;
          auto counted = expected;
          index_t const count = static_cast<index_t>(found);
          for (std::size_t i = found; i < static_cast<std::size_t>(n); ++i)
            expected[i * static_cast<std::size_t>(step)] = -1;
          d::token_is_live const flag{live.data(), 2};
          d::list_rows<float>(context, n, flag, {list.data(), step}, nullptr);
          CHECK(list == expected);
          std::vector<index_t> other(list.size(), 7);
          index_t seen = -1;
          d::list_rows<double>(context, n, flag, {other.data(), step}, &seen);
          CHECK((seen == count && other == counted));
        }
  });
}

TEST_CASE("rows that stay close up, and no move meets another", "[gradient][row_list]") {
  support::on_every_context([](auto& context) {
    for (index_t const n : sizes)
      for (double const share : shares) {
        auto const live = live_tokens(n, share, 42);
        auto const size = static_cast<std::size_t>(n);
        std::vector<index_t> before(size), from(size, -7), to(size, -7);
        for (std::size_t i = 0; i < size; ++i) before[i] = n - 1 - static_cast<index_t>(i);
        auto after = before;
        index_t counts[2] = {-1, -1};
        d::token_is_live const stays{live.data(), 2};
        d::close_up_body<float, d::token_is_live> const body{n, after.data(), stays, from.data(), to.data(), counts};
        cohort::nothing<double>* const total = nullptr;
        context.template for_each_row<cohort::nothing>(cohort::row_layout<host_space>{.rows = 1, .width = n}, body,
                                                       total);
        check_closed_up(live, before, after, from, to, counts[0], counts[1]);
      }
  });
}
