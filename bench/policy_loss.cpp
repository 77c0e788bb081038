// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <string>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/policy.hpp>
#include <support/probe.hpp>
#include <support/workload.hpp>

namespace {

using bench::tokens::columns, bench::tokens::rows;

bench::rotation<bench::token_batch>& batches() {
  static bench::rotation<bench::token_batch> rotated(bench::copies(rows * columns * 17), {rows, columns});
  return rotated;
}

void count(benchmark::State& state, int bytes) {
  state.SetItemsProcessed(state.iterations() * rows * columns);
  state.SetBytesProcessed(state.iterations() * rows * columns * bytes);
}

/// Ours on rotated batches: call(context, batch, report).
template <class Call>
void run(benchmark::State& state, int bytes, Call const& call) {
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(0))}};
  auto& rotated = batches();
  cohort::loss_sums report;
  call(context, rotated.next(), report);
  for (auto _ : state) {
    call(context, rotated.next(), report);
    benchmark::DoNotOptimize(report);
  }
  count(state, bytes);
  state.counters["lanes"] = cohort::eigen_context::lanes;
}

void padded_token_ratio(benchmark::State& state) {
  run(state, 17, [](auto& context, auto& b, auto& report) { bench::run_policy_loss(context, b, report); });
}
void packed_token_ratio(benchmark::State& state) {
  run(state, 16, [](auto& context, auto& b, auto& report) {
    bench::run_policy_loss(context, b, report, cohort::packed(b.offsets), {}, {cohort::by_tokens(rows * columns)});
  });
}
void padded_sequence_means(benchmark::State& state) {
  run(state, 17, [](auto& context, auto& b, auto& report) {
    bench::run_policy_loss(context, b, report, cohort::padded{rows, columns}, b.mask,
                           {cohort::by_sequence_means(rows)});
  });
}
void padded_sequence_ratio(benchmark::State& state) {
  run(state, 17, [](auto& context, auto& b, auto& report) {
    bench::run_policy_loss(context, b, report, cohort::padded{rows, columns}, b.mask,
                           {.normalizer = cohort::by_sequence_means(rows), .ratio = cohort::ratio_level::sequence});
  });
}

/// Another way to the same loss and gradient: compared with ours first, not timed where it differs.
void run_other(benchmark::State& state, double (*loss_and_gradient)(bench::token_batch&)) {
  auto& rotated = batches();
  bench::token_batch ours = rotated.next();
  cohort::eigen_context context{{}};
  cohort::loss_sums report;
  bench::run_policy_loss(context, ours, report);
  bench::token_batch& other = rotated.next();
  std::string const problem = bench::differs(other, loss_and_gradient(other), ours, report.loss);
  if (!problem.empty()) return state.SkipWithError(problem.c_str());
  for (auto _ : state) benchmark::DoNotOptimize(loss_and_gradient(rotated.next()));
  count(state, 17);
}
void plain_loop(benchmark::State& state) { run_other(state, bench::plain_policy_loss); }
void eigen_arrays(benchmark::State& state) { run_other(state, bench::eigen_policy_loss); }

[[maybe_unused]] bool const before = bench::limits("before");
BENCHMARK(padded_token_ratio)->Apply(bench::threads)->Apply(bench::sampled);
BENCHMARK(plain_loop)->Apply(bench::sampled);
BENCHMARK(eigen_arrays)->Apply(bench::sampled);
BENCHMARK(packed_token_ratio)->Apply(bench::threads)->Apply(bench::sampled);
BENCHMARK(padded_sequence_means)->Apply(bench::threads)->Apply(bench::sampled);
BENCHMARK(padded_sequence_ratio)->Apply(bench::threads)->Apply(bench::sampled);
[[maybe_unused]] bool const after = bench::limits("after");

} // namespace

BENCHMARK_MAIN();
