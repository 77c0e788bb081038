// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The limits of a row of logits: memory, and the exponentials that its loops use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/gradient/detail/row_exponential.hpp>

#include <support/probe.hpp>

namespace bench {

/// Sums of exponentials of numbers that stay in the first cache, four packs in flight.
template <cohort::detail::exponential_for For>
void row_exponential_rate(benchmark::State& state) {
  using pack = cohort::detail::pack<float>;
  using lanes = cohort::lane_traits<pack>;
  constexpr std::size_t count = 2048, flight = 4, step = flight * lanes::size;
  buffer<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = -20.0F * static_cast<float>(i) / static_cast<float>(count);
  auto const exponential = cohort::detail::row_exponential<pack, For>(1.0);
  for (auto _ : state)
    for (int turn = 0; turn < 1000; ++turn) {
      pack sums[flight] = {pack(0), pack(0), pack(0), pack(0)};
      for (std::size_t i = 0; i < count; i += step)
        for (std::size_t k = 0; k < flight; ++k)
          sums[k] = sums[k] + exponential(lanes::load(&x[i + k * lanes::size], 1, lanes::size));
      for (pack& sum : sums) benchmark::DoNotOptimize(sum);
      benchmark::ClobberMemory();
    }
  state.SetItemsProcessed(state.iterations() * 1000 * static_cast<std::int64_t>(count));
}

inline std::vector<probe> row_probes() {
  using cohort::detail::exponential_for;
  return {{"read", read_bandwidth, probed_floats},
          {"in_place", in_place_bandwidth, probed_floats},
          {"fill", fill_bandwidth, probed_floats},
          {"row_exponential", row_exponential_rate<exponential_for::compute_type>, 0},
          {"short_exponential", row_exponential_rate<exponential_for::sixteen_bits>, 0}};
}

using measurement = void (*)(benchmark::State&);
struct turns {
  int count = samples();
  int calls = 2;
  std::vector<int> threads = thread_counts();
};

/// Measures things in turn, sample by sample, and not one after the other; with them the memory that they are held
/// against, so that both see the same neighbours. Their arguments: the vocabulary and the threads.
inline void in_turn(std::vector<std::pair<char const*, measurement>> const& measured, cohort::index_t vocabulary,
                    turns const& t = {}) {
  for (int turn = 0; turn < t.count; ++turn) {
    limits("during", {{"read", read_bandwidth, probed_floats}, {"in_place", in_place_bandwidth, probed_floats}}, 1);
    for (int const threads_of_it : t.threads)
      for (auto const& [name, run] : measured)
        benchmark::RegisterBenchmark(name, run)
            ->Args({vocabulary, threads_of_it})
            ->Iterations(t.calls)
            ->Repetitions(1)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
  }
}

} // namespace bench
