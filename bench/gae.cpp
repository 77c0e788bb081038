// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>
#include <cmath>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/probe.hpp>
#include <support/workload.hpp>

namespace {

/// Rewards, values and what comes of them; a tenth of the tokens is masked, and each row's last quarter.
struct batch {
  std::size_t rows, columns;
  std::vector<float> reward, value, advantage, returns;
  std::vector<std::uint8_t> mask;

  explicit batch(benchmark::State const& state)
      : rows(static_cast<std::size_t>(state.range(0))), columns(static_cast<std::size_t>(state.range(1))),
        reward(bench::normal(rows * columns, 1)), value(bench::normal(rows * columns, 2)), advantage(reward.size()),
        returns(reward.size()), mask(reward.size()) {
    for (std::size_t i = 0; i < reward.size(); ++i)
      mask[i] = i % columns < columns * 3 / 4 && i * 2654435761U % 4294967296U > 429496729U;
  }
  [[nodiscard]] cohort::padded layout() const {
    return {static_cast<cohort::index_t>(rows), static_cast<cohort::index_t>(columns)};
  }
  void done(benchmark::State& state, int bytes) const {
    auto const tokens = state.iterations() * static_cast<std::int64_t>(reward.size());
    state.SetItemsProcessed(tokens);
    state.SetBytesProcessed(tokens * bytes);
    state.counters["lanes"] = cohort::eigen_context::lanes;
  }
};

void run(benchmark::State& state, bool masked, bool reported) {
  batch b(state);
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(2))}};
  cohort::gae_inputs<float, cohort::host_space> in{.layout = b.layout(), .reward = b.reward, .value = b.value};
  if (masked) in.mask = cohort::mask_view<float, cohort::host_space>(b.mask);
  cohort::token_counts counts;
  for (auto _ : state) {
    cohort::gae<float>(context, in,
                       {.advantage = b.advantage, .returns = b.returns, .report = reported ? &counts : nullptr},
                       {.gamma = 0.99, .lambda = 0.95});
    benchmark::ClobberMemory();
  }
  b.done(state, masked ? 17 : 16);
}
void gae(benchmark::State& state) { run(state, false, true); }
void gae_unreported(benchmark::State& state) { run(state, false, false); }
void gae_masked(benchmark::State& state) { run(state, true, true); }

void return_to_go(benchmark::State& state) {
  batch b(state);
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(2))}};
  for (auto _ : state) {
    cohort::return_to_go<float>(context, {.layout = b.layout(), .reward = b.reward, .mask = b.mask},
                                {.returns = b.returns}, {.gamma = 0.99});
    benchmark::ClobberMemory();
  }
  b.done(state, 9);
}

void whiten(benchmark::State& state) {
  batch b(state);
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(2))}};
  for (auto _ : state) {
    cohort::whiten<float>(context, {.layout = b.layout(), .values = b.reward, .mask = b.mask},
                          {.whitened = b.advantage});
    benchmark::ClobberMemory();
  }
  b.done(state, 15);
}

/// What one writes first: a loop per sequence, in float, that carries over the mask.
void plain_loop(benchmark::State& state) {
  batch b(state);
  for (auto _ : state) {
    for (std::size_t r = 0; r < b.rows; ++r) {
      float next_value = 0, next_advantage = 0;
      for (std::size_t i = (r + 1) * b.columns; i-- > r * b.columns;) {
        b.advantage[i] = b.returns[i] = 0;
        if (!b.mask[i]) continue;
        float const delta = b.reward[i] + 0.99F * next_value - b.value[i];
        b.advantage[i] = next_advantage = delta + 0.99F * 0.95F * next_advantage;
        b.returns[i] = next_advantage + b.value[i];
        next_value = b.value[i];
      }
    }
    benchmark::ClobberMemory();
  }
  b.done(state, 17);
}

void shapes(benchmark::internal::Benchmark* b) {
  for (auto const& [rows, columns] : {std::pair{64, 2048}, {256, 4096}})
    for (int const threads : bench::thread_counts()) b->Args({rows, columns, threads});
  bench::sampled(b);
}

[[maybe_unused]] bool const before = bench::limits("before");
BENCHMARK(gae)->Apply(shapes);
BENCHMARK(gae_unreported)->Apply(shapes);
BENCHMARK(gae_masked)->Apply(shapes);
BENCHMARK(return_to_go)->Apply(shapes);
BENCHMARK(whiten)->Apply(shapes);
BENCHMARK(plain_loop)->Args({64, 2048, 1})->Args({256, 4096, 1})->Apply(bench::sampled);
[[maybe_unused]] bool const after = bench::limits("after");

} // namespace

BENCHMARK_MAIN();
