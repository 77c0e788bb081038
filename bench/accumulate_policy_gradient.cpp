// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <benchmark/benchmark.h>

#include <Eigen/Core>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>
#include <cohort/gradient/accumulate_policy_gradient.hpp>

#include <support/batch.hpp>
#include <support/probe.hpp>

namespace {

using matrix = cohort::view<float const, 2, cohort::host_space>;
constexpr cohort::index_t tokens = 4096, parameters = 4096;

struct score_batch {
  std::vector<float> scores = bench::normal(static_cast<std::size_t>(tokens * parameters), 1);
  std::vector<float> seed = bench::normal(static_cast<std::size_t>(tokens), 2);
  matrix view{scores.data(), {tokens, parameters}, {parameters, 1}};
};

void count(benchmark::State& state) { state.SetBytesProcessed(state.iterations() * tokens * parameters * 4); }

template <class G>
void accumulate(benchmark::State& state) {
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(0))}};
  score_batch const b;
  std::vector<G> gradient(static_cast<std::size_t>(parameters));
  for (auto _ : state)
    cohort::accumulate_policy_gradient<float>(context, {.scores = b.view, .d_log_prob = b.seed},
                                              {.gradient = gradient});
  count(state);
  state.counters["lanes"] = cohort::eigen_context::lanes;
}

/// What one writes by hand: float sums, one token after the other.
void plain_loop(benchmark::State& state) {
  score_batch const b;
  std::vector<float> gradient(static_cast<std::size_t>(parameters));
  for (auto _ : state) {
    for (std::size_t n = 0; n < b.seed.size(); ++n) {
      float const* const row = b.scores.data() + n * gradient.size();
      for (std::size_t d = 0; d < gradient.size(); ++d) gradient[d] += b.seed[n] * row[d];
    }
    benchmark::ClobberMemory();
  }
  count(state);
}

void eigen_product(benchmark::State& state) {
  using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  score_batch const b;
  Eigen::Map<row_major const> const scores(b.scores.data(), tokens, parameters);
  Eigen::Map<Eigen::VectorXf const> const seed(b.seed.data(), tokens);
  Eigen::VectorXf gradient = Eigen::VectorXf::Zero(parameters);
  for (auto _ : state) {
    gradient.noalias() += scores.transpose() * seed;
    benchmark::ClobberMemory();
  }
  count(state);
}

BENCHMARK(bench::read_bandwidth)->Arg(1 << 24)->Unit(benchmark::kMillisecond);
BENCHMARK(plain_loop)->Unit(benchmark::kMillisecond);
BENCHMARK(eigen_product)->Unit(benchmark::kMillisecond);
BENCHMARK(accumulate<double>)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(accumulate<float>)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace

BENCHMARK_MAIN();
