// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Exponentials per second from and to the first cache: ours, Eigen's, and what the loads and stores alone allow.
#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>

#include <support/batch.hpp>

namespace {

using namespace cohort::detail;

template <class T, class F>
void sweep(benchmark::State& state, F f) {
  constexpr std::size_t count = 2048;
  using traits = cohort::lane_traits<pack<T>>;
  auto const normals = bench::normal(count, 1);
  std::vector<T> const x(normals.begin(), normals.end());
  std::vector<T> y(count);
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; i += pack_size)
      traits::store(&y[i], 1, pack_size, f(traits::load(&x[i], 1, pack_size)));
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<cohort::index_t>(count));
  state.counters["lanes"] = cohort::eigen_context::lanes;
}

template <class T>
void ours(benchmark::State& state) {
  sweep<T>(state, [](pack<T> x) COHORT_FLAT { return lane_exp(x); });
}
/// Without its ends: what is below the smallest normal number, infinities.
template <class T>
void eigens(benchmark::State& state) {
  sweep<T>(state, [](pack<T> x) COHORT_FLAT {
    return packs::each_packet([](auto p) COHORT_FLAT { return packet::pexp(p); }, x);
  });
}
template <class T>
void copy(benchmark::State& state) {
  sweep<T>(state, [](pack<T> x) COHORT_FLAT { return x + pack<T>(1); });
}

BENCHMARK(copy<float>);
BENCHMARK(ours<float>);
BENCHMARK(eigens<float>);
BENCHMARK(copy<double>);
BENCHMARK(ours<double>);
BENCHMARK(eigens<double>);

} // namespace

BENCHMARK_MAIN();
