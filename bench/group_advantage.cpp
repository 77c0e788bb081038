// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cmath>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/probe.hpp>

namespace {

constexpr cohort::index_t groups = 1'000'000, size = 8;

void uniform_groups(benchmark::State& state) {
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(0))}};
  auto const reward = bench::normal(groups * size, 1);
  std::vector<float> advantage(reward.size());
  cohort::group_sums report;
  for (auto _ : state) {
    cohort::group_advantage<float>(context, reward, {.advantage = advantage, .report = &report},
                                   {.groups = cohort::uniform_groups{size}});
    benchmark::DoNotOptimize(report);
  }
  state.SetItemsProcessed(state.iterations() * groups);
  state.SetBytesProcessed(state.iterations() * groups * size * 8);
  state.counters["lanes"] = cohort::eigen_context::lanes;
}

/// Two passes per group with double sums, as one writes it by hand.
void plain_loop(benchmark::State& state) {
  auto const reward = bench::normal(groups * size, 1);
  std::vector<float> advantage(reward.size());
  for (auto _ : state) {
    for (std::size_t g = 0; g < reward.size(); g += size) {
      double mean = 0, square = 0;
      for (std::size_t i = g; i < g + size; ++i) mean += static_cast<double>(reward[i]);
      mean /= size;
      for (std::size_t i = g; i < g + size; ++i)
        square += (static_cast<double>(reward[i]) - mean) * (static_cast<double>(reward[i]) - mean);
      double const factor = 1 / (std::sqrt(square / (size - 1)) + 1e-6);
      for (std::size_t i = g; i < g + size; ++i)
        advantage[i] = static_cast<float>((static_cast<double>(reward[i]) - mean) * factor);
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * groups);
}

BENCHMARK(bench::in_place_bandwidth)->Arg(1 << 26)->Unit(benchmark::kMillisecond);
BENCHMARK(uniform_groups)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(plain_loop)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace

BENCHMARK_MAIN();
