// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The limits of this machine, probed in the process that measures: a figure means something only beside them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <support/workload.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bench {

/// This thread's part of a buffer of range(0) floats, touched first by this thread.
inline buffer<float> part_of_buffer(benchmark::State const& state) {
  return buffer<float>(static_cast<std::size_t>(state.range(0) / state.threads()), 1.0F);
}

/// Reads a buffer once, as two streams of four packets in flight each: one stream of 64 chains reaches 5 to 10 % less.
inline void read_bandwidth(benchmark::State& state) {
  namespace packets = Eigen::internal;
  using packet = packets::packet_traits<float>::type;
  constexpr std::size_t size = packets::packet_traits<float>::size, flight = 4;
  auto const x = part_of_buffer(state);
  std::size_t const half = x.size() / (2 * flight * size) * flight * size;
  for (auto _ : state) {
    packet sums[2 * flight];
    for (packet& sum : sums) sum = packets::pset1<packet>(0.0F);
    for (std::size_t i = 0; i < half; i += flight * size)
      for (std::size_t k = 0; k < flight; ++k) {
        float const* const p = x.data() + i + k * size;
        sums[k] = packets::padd(sums[k], packets::ploadu<packet>(p));
        sums[flight + k] = packets::padd(sums[flight + k], packets::ploadu<packet>(p + half));
      }
    for (packet& sum : sums) benchmark::DoNotOptimize(sum);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(2 * half * sizeof(float)));
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

/// Fills a buffer past the caches, where the processor has such stores; where not, through them.
inline void fill_bandwidth(benchmark::State& state) {
  auto x = part_of_buffer(state);
  for (auto _ : state) {
#if defined(__SSE2__)
    std::size_t const first = (16 - reinterpret_cast<std::uintptr_t>(x.data()) % 16) % 16 / sizeof(float);
    for (std::size_t i = first; i + 4 <= x.size(); i += 4) _mm_stream_ps(x.data() + i, _mm_setzero_ps());
    _mm_sfence();
#else
    std::fill(x.begin(), x.end(), 0.0F);
#endif
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(x.size() * sizeof(float)));
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

struct probe {
  char const* name;
  void (*run)(benchmark::State&);
  int size;
};
constexpr int probed_floats = 100'000'000; // 400 MB
inline std::vector<probe> common_probes() {
  return {{"read", read_bandwidth, probed_floats},
          {"in_place", in_place_bandwidth, probed_floats},
          {"exponential", exponential_rate, 0}};
}

/// Registers probes at every thread count. Once before and once after what is measured: a machine whose limits moved
/// meanwhile has measured nothing.
inline bool limits(std::string const& when, std::vector<probe> const& probes = common_probes(), int repetitions = 5) {
  for (int const count : thread_counts())
    for (probe const& p : probes)
      benchmark::RegisterBenchmark(("limit/" + when + "/" + p.name).c_str(), p.run)
          ->Arg(p.size)
          ->Threads(count)
          ->Iterations(3)
          ->Repetitions(repetitions)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
  return true;
}

} // namespace bench
