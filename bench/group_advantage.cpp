// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cmath>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/eigen_groups.hpp>
#include <support/probe.hpp>
#include <support/workload.hpp>

namespace {

using bench::rewards::groups, bench::rewards::size;

struct batch {
  std::vector<float> reward = bench::normal(groups * size, 1);
  std::vector<float> advantage = std::vector<float>(reward.size());
};

bench::rotation<batch>& batches() {
  static bench::rotation<batch> all(bench::copies(groups * size * 8), {});
  return all;
}

void count(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * groups);
  state.SetBytesProcessed(state.iterations() * groups * size * 8);
  state.counters["lanes"] = cohort::eigen_context::lanes;
}

void uniform_groups(benchmark::State& state) {
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(0))}};
  cohort::group_sums report;
  for (auto _ : state) {
    batch& b = batches().next();
    cohort::group_advantage<float>(context, b.reward, {.advantage = b.advantage, .report = &report},
                                   {.groups = cohort::uniform_groups{size}});
    benchmark::DoNotOptimize(report);
  }
  count(state);
}

/// Two passes per group with double sums, as one writes it by hand.
void plain_loop(benchmark::State& state) {
  for (auto _ : state) {
    auto& [reward, advantage] = batches().next();
    for (std::size_t g = 0; g < reward.size(); g += size) {
      double mean = 0, square = 0;
      for (std::size_t i = g; i < g + size; ++i) mean += static_cast<double>(reward[i]);
      mean /= size;
      for (std::size_t i = g; i < g + size; ++i)
        square += (static_cast<double>(reward[i]) - mean) * (static_cast<double>(reward[i]) - mean);
      double const factor = 1 / (std::sqrt(square / (size - 1)) + bench::rewards::epsilon);
      for (std::size_t i = g; i < g + size; ++i)
        advantage[i] = static_cast<float>((static_cast<double>(reward[i]) - mean) * factor);
    }
    benchmark::ClobberMemory();
  }
  count(state);
}

[[maybe_unused]] bool const before = bench::limits("before");
BENCHMARK(uniform_groups)->Apply(bench::threads)->Apply(bench::sampled);
BENCHMARK(plain_loop)->Apply(bench::sampled);
BENCHMARK(bench::eigen_groups)->Name("eigen_arrays")->Apply(bench::sampled);
[[maybe_unused]] bool const after = bench::limits("after");

} // namespace

BENCHMARK_MAIN();
