// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <support/head.hpp>
#include <support/memory.hpp>
#include <support/probe.hpp>
#include <support/row_probe.hpp>

namespace {

/// Seconds a call: one batch, one context and one set of Eigen's matrices for everything at a thread count.
struct fixture {
  int threads;
  bench::head_batch& b;
  cohort::eigen_context context = b.context_for(threads);
  bench::head_products products{b};
  cohort::logits_sums sums;
  double beyond_inputs;

  fixture(int n, cohort::index_t vocabulary) : threads(n), b(bench::batch_of<bench::head_batch>(vocabulary)) {
    beyond_inputs = static_cast<double>(b.workspace(sums)) + bench::peak_growth([&] { b.gradient(context, sums); });
    products.logits(threads);
  }
  static fixture& of(benchmark::State const& state) {
    static std::unique_ptr<fixture> held;
    auto const threads = static_cast<int>(state.range(1));
    if (!held || held->threads != threads) held.reset(), held = std::make_unique<fixture>(threads, state.range(0));
    return *held;
  }
};

/// The operations of `products` products.
void count(benchmark::State& state, fixture const& f, cohort::index_t products) {
  state.SetItemsProcessed(state.iterations() * 2 * products * f.b.tokens * f.b.vocabulary * f.b.width);
  state.counters["lanes"] = cohort::eigen_context::lanes;
}

void head_f32(benchmark::State& state) {
  auto& f = fixture::of(state);
  for (auto _ : state) f.b.gradient(f.context, f.sums);
  count(state, f, 3);
  state.counters["beyond_inputs"] = f.beyond_inputs;
  state.counters["workspace"] = static_cast<double>(f.b.workspace(f.sums));
}
/// 30 % padding, 40 % of the rest without an advantage; counted as if all rows were multiplied.
void head_mix_f32(benchmark::State& state) {
  auto& f = fixture::of(state);
  for (auto _ : state) f.b.gradient(f.context, f.sums, true);
  count(state, f, 3);
}
void head_log_prob_f32(benchmark::State& state) {
  auto& f = fixture::of(state);
  for (auto _ : state) f.b.score(f.context);
  count(state, f, 1);
}
void products(benchmark::State& state) {
  auto& f = fixture::of(state);
  for (auto _ : state) f.products.all(f.threads);
  count(state, f, 3);
}
void product_of_logits(benchmark::State& state) {
  auto& f = fixture::of(state);
  for (auto _ : state) f.products.logits(f.threads);
  count(state, f, 1);
}

/// A thread count after the other, for a fixture each; three samples of each at most.
[[maybe_unused]] bool const registered = [] {
  int const turns = (std::min)(3, bench::samples()), probes = bench::samples() < 3 ? 2 : 5;
  bench::limits("before", bench::common_probes(), probes);
  std::vector<std::pair<char const*, bench::measurement>> const measured = {{"head_f32", head_f32},
                                                                            {"products", products},
                                                                            {"head_mix_f32", head_mix_f32},
                                                                            {"head_log_prob_f32", head_log_prob_f32},
                                                                            {"product_of_logits", product_of_logits}};
  for (int const threads : bench::thread_counts())
    for (int turn = 0; turn < turns; ++turn)
      for (auto const& [name, run] : measured)
        benchmark::RegisterBenchmark(name, run)
            ->Args({bench::logits::vocabulary, threads})
            ->Iterations(1)
            ->Repetitions(1)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
  return bench::limits("after", bench::common_probes(), probes);
}();

} // namespace

BENCHMARK_MAIN();
