// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/probe.hpp>
#include <support/workload.hpp>

namespace {

using matrix = cohort::view<float, 2, cohort::host_space>;
constexpr cohort::index_t rows = 512, vocabulary = 151'936; // 311 MB

struct logits_batch {
  std::vector<float> logits = bench::normal(static_cast<std::size_t>(rows * vocabulary), 1);
  std::vector<std::int64_t> token = std::vector<std::int64_t>(rows, 17);
  std::vector<float> log_prob = std::vector<float>(rows), seed = std::vector<float>(rows, 1.0F);
  matrix view{logits.data(), {rows, vocabulary}, {vocabulary, 1}};
};

void count(benchmark::State& state, int bytes) {
  state.SetBytesProcessed(state.iterations() * rows * vocabulary * bytes);
  state.counters["lanes"] = cohort::eigen_context::lanes;
}

void forward(benchmark::State& state) {
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(0))}};
  static logits_batch b;
  for (auto _ : state)
    cohort::token_log_prob<float>(context, {.logits = b.view, .token = b.token}, {.log_prob = b.log_prob});
  count(state, 4);
}

/// In place: every call finds logits again, restored outside of the time.
void backward(benchmark::State& state) {
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(0))}};
  static logits_batch b;
  static auto const original = b.logits;
  for (auto _ : state) {
    state.PauseTiming();
    std::copy(original.begin(), original.end(), b.logits.begin());
    state.ResumeTiming();
    cohort::token_log_prob_backward<float>(context, {.logits = b.view, .token = b.token, .d_log_prob = b.seed},
                                           {.d_logits = b.view});
  }
  count(state, 8);
}

[[maybe_unused]] bool const before = bench::limits("before");
BENCHMARK(forward)->Apply(bench::threads)->Apply(bench::sampled);
BENCHMARK(backward)->Apply(bench::threads)->Apply(bench::sampled);
[[maybe_unused]] bool const after = bench::limits("after");

} // namespace

BENCHMARK_MAIN();
