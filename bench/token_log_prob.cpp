// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <string>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/logits.hpp>
#include <support/memory.hpp>
#include <support/naive_rows.hpp>
#include <support/probe.hpp>
#include <support/row_probe.hpp>

namespace {

using bench::logits_batch;

/// Bytes of logits moved, and the exponentials.
template <class L>
void count(benchmark::State& state, logits_batch<L> const& b, int sweeps) {
  state.SetBytesProcessed(static_cast<std::int64_t>(b.bytes()) * state.iterations() * sweeps);
  state.SetItemsProcessed(state.iterations() * b.tokens * b.vocabulary);
  state.counters["lanes"] = cohort::eigen_context::lanes;
}
int threads_of(benchmark::State const& state) { return static_cast<int>(state.range(1)); }

template <class L>
void scored(cohort::eigen_context& context, logits_batch<L>& b, bool with_entropy) {
  auto const log_prob = cohort::view<float, 1, cohort::host_space>(b.log_prob);
  if (with_entropy)
    cohort::token_log_prob<L>(context, {.logits = b.view(b.next()), .token = b.token},
                              {.log_prob = log_prob, .entropy = b.entropy});
  else
    cohort::token_log_prob<L>(context, {.logits = b.view(b.next()), .token = b.token}, {.log_prob = log_prob});
}
template <class L>
void ours(benchmark::State& state, bool with_entropy) {
  cohort::eigen_context context{{.threads = threads_of(state)}};
  auto& b = bench::batch_of<logits_batch<L>>(state.range(0));
  state.counters["beyond_inputs"] = bench::peak_growth([&] { scored(context, b, with_entropy); });
  for (auto _ : state) scored(context, b, with_entropy);
  count(state, b, 1);
}
void log_prob_f32(benchmark::State& state) { ours<float>(state, false); }
void log_prob_entropy_f32(benchmark::State& state) { ours<float>(state, true); }
void log_prob_bf16(benchmark::State& state) { ours<cohort::bfloat16>(state, false); }
void log_prob_entropy_bf16(benchmark::State& state) { ours<cohort::bfloat16>(state, true); }

/// Compared with ours first, not timed where it differs.
template <class Rows>
void naive(benchmark::State& state) {
  auto& b = bench::batch_of<logits_batch<float>>(state.range(0));
  cohort::eigen_context context{{.threads = threads_of(state)}};
  scored(context, b, false);
  auto const expected = b.log_prob;
  bench::naive_log_prob<Rows>(b, b.next(), threads_of(state));
  std::string const problem = bench::differs("log-probs", b.log_prob, expected, 1e-5);
  if (!problem.empty()) return state.SkipWithError(problem.c_str());
  for (auto _ : state) bench::naive_log_prob<Rows>(b, b.next(), threads_of(state));
  count(state, b, 1);
}
void naive_eigen_f32(benchmark::State& state) { naive<bench::eigen_rows>(state); }
void scalar_loop_f32(benchmark::State& state) { naive<bench::scalar_rows>(state); }

/// The way back alone, in place: every call finds logits again, restored outside of the time.
template <class L>
void backward(benchmark::State& state) {
  cohort::eigen_context context{{.threads = threads_of(state)}};
  auto& b = bench::batch_of<logits_batch<L>>(state.range(0));
  std::vector<float> const seed(b.token.size(), 1.0F);
  for (auto _ : state) {
    auto const logits = b.view(b.next(state));
    cohort::token_log_prob_backward<L>(context, {.logits = logits, .token = b.token, .d_log_prob = seed},
                                       {.d_logits = logits});
  }
  count(state, b, 2);
  b.restore();
}
void backward_f32(benchmark::State& state) { backward<float>(state); }
void backward_bf16(benchmark::State& state) { backward<cohort::bfloat16>(state); }

[[maybe_unused]] bool const registered = [] {
  using namespace bench::logits;
  bool const few = bench::samples() < 3;
  bench::limits("before", bench::row_probes(), few ? 2 : 5);
  bench::in_turn({{"log_prob_f32", log_prob_f32},
                  {"log_prob_entropy_f32", log_prob_entropy_f32},
                  {"naive_eigen_f32", naive_eigen_f32},
                  {"backward_f32", backward_f32}},
                 vocabulary);
  bench::in_turn({{"scalar_loop_f32", scalar_loop_f32}}, vocabulary, {.count = 2, .calls = 1});
  bench::in_turn({{"log_prob_bf16", log_prob_bf16},
                  {"log_prob_entropy_bf16", log_prob_entropy_bf16},
                  {"backward_bf16", backward_bf16}},
                 vocabulary);
  bench::in_turn({{"log_prob_f32", log_prob_f32}, {"log_prob_entropy_f32", log_prob_entropy_f32}}, 50'257);
  return bench::limits("after", bench::row_probes(), few ? 2 : 5);
}();

} // namespace

BENCHMARK_MAIN();
