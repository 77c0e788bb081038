// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cmath>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/probe.hpp>

namespace {

constexpr cohort::index_t rows = 1024, columns = 4096;

template <class Layout>
void run(benchmark::State& state, bench::token_batch& batch, Layout const& layout, bool masked,
         cohort::policy_loss_options const& options) {
  cohort::eigen_context context{{.threads = static_cast<int>(state.range(0))}};
  cohort::policy_loss_inputs<float, cohort::host_space> in{.layout = layout,
                                                           .log_prob = batch.log_prob,
                                                           .old_log_prob = batch.old_log_prob,
                                                           .ref_log_prob = batch.ref_log_prob,
                                                           .advantage = cohort::per_sequence(batch.advantage)};
  if (masked) in.mask = cohort::mask_view<float, cohort::host_space>(batch.mask);
  cohort::loss_sums report;
  auto const objective = cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.04});
  for (auto _ : state) {
    cohort::policy_loss<float>(context, in, {.d_log_prob = batch.d_log_prob, .report = &report}, objective, options);
    benchmark::DoNotOptimize(report);
  }
  state.SetItemsProcessed(state.iterations() * rows * columns);
  state.SetBytesProcessed(state.iterations() * rows * columns * (masked ? 17 : 16));
  state.counters["lanes"] = cohort::eigen_context::lanes;
}

void padded_token_ratio(benchmark::State& state) {
  bench::token_batch batch(rows, columns);
  run(state, batch, cohort::padded{rows, columns}, true, {.normalizer = cohort::by_tokens(1e6)});
}
void packed_token_ratio(benchmark::State& state) {
  bench::token_batch batch(rows, columns);
  run(state, batch, cohort::packed(batch.offsets), false, {.normalizer = cohort::by_tokens(1e6)});
}
void padded_sequence_means(benchmark::State& state) {
  bench::token_batch batch(rows, columns);
  run(state, batch, cohort::padded{rows, columns}, true, {.normalizer = cohort::by_sequence_means(rows)});
}
void padded_sequence_ratio(benchmark::State& state) {
  bench::token_batch batch(rows, columns);
  run(state, batch, cohort::padded{rows, columns}, true,
      {.normalizer = cohort::by_sequence_means(rows), .ratio = cohort::ratio_level::sequence});
}

/// What one writes first: a loop with std::exp, the loss and its gradient, no metrics.
void plain_loop(benchmark::State& state) {
  bench::token_batch b(rows, columns);
  for (auto _ : state) {
    double loss = 0;
    for (std::size_t i = 0; i < b.log_prob.size(); ++i) {
      if (!b.mask[i]) continue;
      float const a = b.advantage[i / columns], ratio = std::exp(b.log_prob[i] - b.old_log_prob[i]);
      float const clipped = std::fmin(std::fmax(ratio, 0.8F), 1.28F), delta = b.ref_log_prob[i] - b.log_prob[i];
      float const e = std::exp(delta);
      loss += static_cast<double>(-std::fmin(ratio * a, clipped * a) + 0.04F * (e - delta - 1));
      b.d_log_prob[i] = (clipped * a < ratio * a ? 0.0F : -ratio * a) + 0.04F * (1 - e);
    }
    benchmark::DoNotOptimize(loss);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * rows * columns);
}

BENCHMARK(bench::read_bandwidth)->Arg(1 << 26)->Unit(benchmark::kMillisecond);
BENCHMARK(bench::in_place_bandwidth)->Arg(1 << 26)->Unit(benchmark::kMillisecond);
BENCHMARK(padded_token_ratio)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(packed_token_ratio)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(padded_sequence_means)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(padded_sequence_ratio)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(plain_loop)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace

BENCHMARK_MAIN();
