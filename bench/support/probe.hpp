// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The limits of this machine, probed in the process that measures: a figure means something only beside them.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

#include <benchmark/benchmark.h>

namespace bench {

/// Reads a buffer once: sum of 16 independent chains.
inline void read_bandwidth(benchmark::State& state) {
  std::vector<float> const x(static_cast<std::size_t>(state.range(0)), 1.0F);
  for (auto _ : state) {
    float sums[16] = {};
    for (std::size_t i = 0; i + 16 <= x.size(); i += 16)
      for (std::size_t k = 0; k < 16; ++k) sums[k] += x[i + k];
    benchmark::DoNotOptimize(std::accumulate(sums, sums + 16, 0.0F));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 4);
}

/// Reads and writes a buffer in place.
inline void in_place_bandwidth(benchmark::State& state) {
  std::vector<float> x(static_cast<std::size_t>(state.range(0)), 1.0F);
  for (auto _ : state) {
    for (float& value : x) value = value * 1.0001F + 1e-6F;
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 8);
}

} // namespace bench
