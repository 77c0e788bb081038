// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The limits of this machine, probed in the process that measures: a figure means something only beside them.
#pragma once

#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <support/workload.hpp>

namespace bench {

/// This thread's part of a buffer of range(0) floats, touched first by this thread.
inline std::vector<float> part_of_buffer(benchmark::State const& state) {
  return std::vector<float>(static_cast<std::size_t>(state.range(0) / state.threads()), 1.0F);
}

/// Reads a buffer once: sum of 64 independent chains.
inline void read_bandwidth(benchmark::State& state) {
  auto const x = part_of_buffer(state);
  constexpr std::size_t chains = 64;
  for (auto _ : state) {
    float sums[chains] = {};
    for (std::size_t i = 0; i + chains <= x.size(); i += chains)
      for (std::size_t k = 0; k < chains; ++k) sums[k] += x[i + k];
    benchmark::DoNotOptimize(std::accumulate(sums, sums + chains, 0.0F));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(x.size() * sizeof(float)));
}

/// Reads and writes a buffer in place.
inline void in_place_bandwidth(benchmark::State& state) {
  auto x = part_of_buffer(state);
  for (auto _ : state) {
    for (float& value : x) value = value * 1.0001F + 1e-6F;
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(x.size() * 2 * sizeof(float)));
}

/// Eigen's exponential of numbers that stay in the first cache.
inline void exponential_rate(benchmark::State& state) {
  Eigen::ArrayXf const x = Eigen::ArrayXf::LinSpaced(2048, -20, 0);
  Eigen::ArrayXf y(x.size());
  for (auto _ : state) {
    for (int turn = 0; turn < 1000; ++turn) {
      y = x.exp();
      benchmark::DoNotOptimize(y.data());
      benchmark::ClobberMemory();
    }
  }
  state.SetItemsProcessed(state.iterations() * 1000 * x.size());
}

/// Registers every probe at every thread count. Once before and once after what is measured: a machine whose limits
/// moved meanwhile has measured nothing.
inline bool limits(std::string const& when) {
  constexpr int floats = 100'000'000; // 400 MB
  for (int const count : thread_counts()) {
    auto const probe = [&](char const* name, void (*run)(benchmark::State&), int size) {
      benchmark::RegisterBenchmark(("limit/" + when + "/" + name).c_str(), run)
          ->Arg(size)
          ->Threads(count)
          ->Iterations(3)
          ->Repetitions(5)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    };
    probe("read", read_bandwidth, floats);
    probe("in_place", in_place_bandwidth, floats);
    probe("exponential", exponential_rate, 0);
  }
  return true;
}

} // namespace bench
