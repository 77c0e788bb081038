// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An engine's own threads under cohort's Eigen backend, and a row algorithm of one's own on any context.
#include <cohort/cohort.hpp>

#include <cmath>
#include <cohort/backend/eigen.hpp>
#include <cstdio>
#include <thread>
#include <vector>

// [executor]
namespace engine {
/// run(blocks, f) calls f(b) for every b in [0, blocks), on any threads, and returns when all have returned.
struct executor {
  int threads;

  template <class F>
  void run(cohort::index_t blocks, F const& f) {
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&f, blocks, t, this] {
        for (cohort::index_t b = t; b < blocks; b += threads) f(b);
      });
    for (auto& worker : workers) worker.join();
  }
};
static_assert(cohort::block_executor<executor>);
using context = cohort::basic_eigen_context<executor>;
} // namespace engine
// [end]

// [body]
/// Per row: the sum of squares into `norm`. The total of a call is that of all rows.
template <class T, class Space>
struct squares_body {
  using compute_type = T;                      // the lanes' type
  static constexpr bool rows_in_lanes = false; // true: no `if` on a row's values, and a lane may be a row

  cohort::row_layout<Space> rows;
  cohort::cells<T const, Space> values;
  cohort::cells<T, Space> norm; // one per row

  template <class Team>
  COHORT_HOST_DEVICE cohort::sum_of<double> operator()(Team const& team, cohort::index_t r) const {
    auto const x = values.row(rows, r);
    auto const sum =
        team.template reduce<cohort::sum_of>(rows.length(r), [=]<class L>(L at, cohort::index_t c) COHORT_FLAT {
          using V = typename L::type; // a scalar, or a pack
          V const value = cohort::load(at, x, c);
          return cohort::sum_of<V>{value * value};
        });
    auto const out = norm.row(rows, r);
    team.once([=] { *out.p = static_cast<T>(sum.sum); });
    return sum;
  }
};

template <cohort::execution_context Context>
double sum_of_squares(Context& context, std::vector<float> const& x, cohort::index_t rows, std::vector<float>& norm) {
  using space = typename Context::memory_space;
  cohort::row_layout<space> const layout{.rows = rows, .width = static_cast<cohort::index_t>(x.size()) / rows};
  squares_body<float, space> const body{
      layout, {x.data(), layout.width, 1}, cohort::row_cells<float, space>(norm.data(), 1)};
  cohort::sum_of<double> total;
  context.template for_each_row<cohort::sum_of>(layout, body, &total);
  return total.sum;
}
// [end]

template <class Context>
std::vector<float> advantages(Context& context, std::vector<float> const& reward) {
  std::vector<float> advantage(reward.size());
  cohort::group_advantage(context, reward, advantage, {.groups = cohort::uniform_groups{8}});
  return advantage;
}

int main() {
  // [use]
  engine::context ours{engine::executor{.threads = 3}, {.workspace_bytes = 1 << 16}};
  cohort::eigen_context single{{.threads = 1}};
  // [end]
  std::vector<float> reward(4096), norm(16), other_norm(16);
  for (std::size_t i = 0; i < reward.size(); ++i) reward[i] = std::sin(static_cast<float>(i));

  double const total = sum_of_squares(ours, reward, 16, norm), other = sum_of_squares(single, reward, 16, other_norm);
  cohort::reference_context reference;
  double const exact = sum_of_squares(reference, reward, 16, other_norm);
  bool const same = advantages(ours, reward) == advantages(single, reward) && total == other;
  std::printf("three threads and one: %s; sum of squares %.4f\n", same ? "the same bits" : "different bits", total);
  return same && std::abs(total - exact) < 1e-3 * exact ? 0 : 1;
}
