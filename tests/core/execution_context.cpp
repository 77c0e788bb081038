// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The concepts against every team and context, grouping, totals, and a caller's own executor.
#include <algorithm>
#include <numeric>
#include <thread>
#include <vector>

#include <cohort/interop/span.hpp>
#include <engines/rows.hpp>
#include <support/contexts.hpp>

namespace {

using cohort::host_space;
using cohort::index_t;

/// An engine's executor: a thread per call and stride, nothing of Eigen's.
struct thread_executor {
  int threads;
  template <class F>
  void run(index_t blocks, F const& f) {
    std::vector<std::thread> crew;
    for (int t = 0; t < threads; ++t)
      crew.emplace_back([=, this, &f] {
        for (index_t b = t; b < blocks; b += threads) f(b);
      });
    for (auto& worker : crew) worker.join();
  }
};
using threaded_context = cohort::basic_eigen_context<thread_executor>;

struct nobody {};
struct half_a_context {
  using memory_space = host_space;
  template <template <class> class A, class Body>
  void for_each_row(cohort::row_layout<host_space> const&, Body const&, A<double>*) {}
};

static_assert(cohort::team<cohort::detail::thread_team<float>> && cohort::team<cohort::detail::thread_team<double>>);
static_assert(cohort::team<cohort::detail::reference_team<float>> &&
              cohort::team<cohort::detail::thread_row_team<double, cohort::detail::emulated_threads<32>>>);
static_assert(cohort::team<cohort::detail::thread_row_team<float, cohort::detail::emulated_threads<64, 2>>> &&
              cohort::team<cohort::detail::row_team<double>>);
static_assert(cohort::team<cohort::detail::rows_team<float>> && cohort::team<cohort::detail::rows_team<double>>);
static_assert(!cohort::team<nobody> && !cohort::execution_context<nobody> &&
              !cohort::execution_context<half_a_context>);
static_assert(cohort::execution_context<cohort::reference_context> &&
              cohort::execution_context<cohort::eigen_context> &&
              cohort::execution_context<cohort::emulated_block_context> && cohort::execution_context<threaded_context>);
static_assert(cohort::block_executor<thread_executor> && cohort::block_executor<cohort::eigen_pool> &&
              !cohort::block_executor<nobody>);

/// Sums its row; optionally one row per lane.
template <class T, bool RowsInLanes>
struct row_sum {
  using compute_type = T;
  static constexpr bool rows_in_lanes = RowsInLanes;
  cohort::row_layout<host_space> rows;
  cohort::cells<T const, host_space> values;

  template <class Team>
  auto operator()(Team const& team, index_t r) const {
    auto const line = values.row(rows, r);
    return team.template reduce<cohort::sum_of>(rows.length(r), [=]<class At>(At at, index_t c) COHORT_FLAT {
      return cohort::sum_of<typename At::type>{cohort::load(at, line, c)};
    });
  }
};

template <class T, bool RowsInLanes, class Context>
double total_of(Context& context, index_t rows, index_t width, std::vector<T> const& values) {
  cohort::row_layout<host_space> const layout{.rows = rows, .width = width};
  cohort::sum_of<double> total{-1};
  context.template for_each_row<cohort::sum_of>(
      layout, row_sum<T, RowsInLanes>{layout, {values.data(), width, 1, false}}, &total);
  return context.fetch(&total).sum;
}

template <class Context>
void check_grouping(Context& context, std::vector<index_t> const& ids) {
  auto const n = static_cast<index_t>(ids.size());
  std::vector<index_t> order(ids.size() + 1, -7), offsets(ids.size() + 2, -7), expected(ids.size());
  std::iota(expected.begin(), expected.end(), index_t{0});
  std::stable_sort(expected.begin(), expected.end(), [&](index_t a, index_t b) {
    return ids[static_cast<std::size_t>(a)] < ids[static_cast<std::size_t>(b)];
  });
  context.group_by(ids, n, order.data(), offsets.data());
  CHECK((order.back() == -7 && offsets.back() == -7)); // nothing past the end
  order.pop_back(), offsets.pop_back();
  CHECK(order == expected);
  std::vector<index_t> starts;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (i == 0 || ids[static_cast<std::size_t>(expected[i])] != ids[static_cast<std::size_t>(expected[i - 1])])
      starts.push_back(static_cast<index_t>(i));
  starts.resize(ids.size() + 1, n);
  CHECK(offsets == starts);
}

} // namespace

TEST_CASE("group_by is std::stable_sort", "[core][context]") {
  support::on_every_context([](auto& context) {
    support::random random(17);
    check_grouping(context, {});
    check_grouping(context, {4});
    check_grouping(context, {INT64_MAX, INT64_MIN, 0, -1, INT64_MAX});
    for (index_t const distinct : {1, 2, 10, 1000}) {
      std::vector<index_t> ids(500);
      for (index_t& id : ids) id = random.integer(-distinct / 2, distinct / 2) * (index_t{1} << 40);
      check_grouping(context, ids);
    }
  });
}

TEST_CASE("every context visits every row once and totals them", "[core][context]") {
  for (index_t const width : {0, 1, 3, 8, 64, 65, 300}) {
    for (index_t const rows : {0, 1, 7, 16, 300, 1000}) {
      std::vector<float> values(static_cast<std::size_t>(rows * width));
      double expected = 0;
      for (std::size_t i = 0; i < values.size(); ++i) expected += values[i] = static_cast<float>(i % 23);
      support::on_every_context([&](auto& context) {
        CHECK(total_of<float, false>(context, rows, width, values) == expected);
        CHECK(total_of<float, true>(context, rows, width, values) == expected);
      });
    }
  }
}

TEST_CASE("totals have the same bits for any number of threads and for a caller's executor", "[core][context]") {
  auto const values = support::random(3).normals<double>(777 * 13);
  cohort::eigen_context one{{.threads = 1}};
  double const along = total_of<double, false>(one, 777, 13, values),
               down = total_of<double, true>(one, 777, 13, values);
  support::on_eigen_contexts([&](auto& context) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      CHECK(support::same_bits(total_of<double, false>(context, 777, 13, values), along));
      CHECK(support::same_bits(total_of<double, true>(context, 777, 13, values), down));
    }
  });
  for (int const threads : {1, 2, 3, 7}) {
    threaded_context context{thread_executor{threads}, {.workspace_bytes = 0}};
    CHECK(support::same_bits(total_of<double, false>(context, 777, 13, values), along));
    CHECK(support::same_bits(total_of<double, true>(context, 777, 13, values), down));
  }
}

TEST_CASE("a total may be null, and no rows give the identity", "[core][context]") {
  support::on_every_context([](auto& context) {
    cohort::row_layout<host_space> const layout{.rows = 3, .width = 2};
    std::vector<float> const values(6, 1);
    row_sum<float, true> const body{layout, {values.data(), 2, 1, false}};
    context.template for_each_row<cohort::sum_of>(layout, body, static_cast<cohort::sum_of<double>*>(nullptr));
    CHECK(total_of<float, false>(context, 0, 5, {}) == 0);
  });
}
