// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

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
constexpr auto of_sequences = cohort::ratio_level::sequence;

template <class L>
struct run {
  benchmark::State& state;
  logits_batch<L>& b = bench::batch_of<logits_batch<L>>(state.range(0));
  int threads = static_cast<int>(state.range(1));
  cohort::eigen_context context{{.threads = threads, .workspace_bytes = workspace()}};

  [[nodiscard]] cohort::index_t workspace() const {
    return cohort::logits_policy_gradient_workspace_bytes<L>(
        b.tokens, {.normalizer = cohort::by_tokens(b.tokens), .ratio = of_sequences});
  }
  /// In place: every call finds logits again. `sweeps` over them are counted as bytes.
  template <class Call>
  void destroying(double sweeps, Call const& call) {
    b.restore();
    for (auto _ : state) call(b.next(state));
    b.restore();
    count(sweeps);
  }
  void count(double sweeps) {
    auto const calls = static_cast<double>(state.iterations());
    state.SetBytesProcessed(static_cast<std::int64_t>(b.bytes() * sweeps * calls));
    state.SetItemsProcessed(state.iterations() * b.tokens * b.vocabulary);
    state.counters["lanes"] = cohort::eigen_context::lanes;
  }
  /// What others must give: loss and gradient of ours.
  struct expectation {
    double loss;
    bench::buffer<L> gradient;
  };
  expectation expected() {
    bench::buffer<L> gradient(b.original.size());
    cohort::logits_sums sums;
    bench::run_logits(context, b, b.original, gradient, sums);
    return {cohort::read(context, &sums).loss, gradient};
  }
};

template <class L>
void in_place(benchmark::State& state) {
  run<L> r{state};
  cohort::logits_sums sums;
  r.b.restore();
  state.counters["beyond_inputs"] = bench::peak_growth([&] {
    auto& z = r.b.next(state);
    bench::run_logits(r.context, r.b, z, z, sums);
  });
  state.counters["workspace"] = static_cast<double>(r.workspace());
  r.destroying(2, [&](auto& z) { bench::run_logits(r.context, r.b, z, z, sums); });
}
void in_place_f32(benchmark::State& state) { in_place<float>(state); }
void in_place_bf16(benchmark::State& state) { in_place<cohort::bfloat16>(state); }

void out_of_place_f32(benchmark::State& state) {
  run<float> r{state};
  cohort::logits_sums sums;
  for (auto _ : state) bench::run_logits(r.context, r.b, r.b.original, r.b.next(), sums);
  r.b.restore();
  r.count(2);
}
void sequence_ratio_f32(benchmark::State& state) {
  run<float> r{state};
  cohort::logits_sums sums;
  r.destroying(3, [&](auto& z) { bench::run_logits(r.context, r.b, z, z, sums, of_sequences); });
}

/// Empty where another way gives the loss and gradient of ours, and what differs where not.
template <class L, class Call>
std::string problem_of(run<L>& r, double tolerance, Call const& loss_and_gradient) {
  auto const expected = r.expected();
  auto& z = r.b.next();
  std::copy(r.b.original.begin(), r.b.original.end(), z.begin());
  double const loss = loss_and_gradient(r, z);
  std::string problem = bench::differs("gradients", z, expected.gradient, tolerance);
  if (!(std::fabs(loss - expected.loss) <= 1e-5)) problem += " the loss by " + std::to_string(loss - expected.loss);
  r.b.restore();
  return problem;
}
/// Compared with ours before its first sample, not timed where it differs.
template <class L, class Call>
void other(benchmark::State& state, double tolerance, Call const& loss_and_gradient) {
  run<L> r{state};
  static std::map<std::pair<cohort::index_t, int>, std::string> problems;
  std::pair const size{r.b.vocabulary, r.threads};
  if (!problems.contains(size)) problems[size] = problem_of(r, tolerance, loss_and_gradient);
  if (!problems[size].empty()) return state.SkipWithError(problems[size].c_str());
  r.destroying(3, [&](auto& z) { benchmark::DoNotOptimize(loss_and_gradient(r, z)); });
}
void two_sweeps_f32(benchmark::State& state) {
  other<float>(state, 1e-5, [](auto& r, auto& z) { return bench::run_two_sweeps(r.context, r.b, z); });
}
void two_sweeps_bf16(benchmark::State& state) {
  other<cohort::bfloat16>(state, 1e-2, [](auto& r, auto& z) { return bench::run_two_sweeps(r.context, r.b, z); });
}
void naive_eigen_f32(benchmark::State& state) {
  other<float>(state, 3e-5,
               [](auto& r, auto& z) { return bench::naive_policy_gradient<bench::eigen_rows>(r.b, z, r.threads); });
}
void scalar_loop_f32(benchmark::State& state) {
  other<float>(state, 3e-5,
               [](auto& r, auto& z) { return bench::naive_policy_gradient<bench::scalar_rows>(r.b, z, r.threads); });
}

/// 30 % padding, 40 % of the rest without an advantage.
void mix(benchmark::State& state, cohort::zero_rows zero_rows) {
  run<float> r{state};
  cohort::logits_sums sums;
  r.destroying(zero_rows == cohort::zero_rows::write ? 1.42 : 0.84,
               [&](auto& z) { bench::run_mix(r.context, r.b, z, sums, zero_rows); });
}
void mix_zeros_written_f32(benchmark::State& state) { mix(state, cohort::zero_rows::write); }
void mix_rows_listed_f32(benchmark::State& state) { mix(state, cohort::zero_rows::leave); }

[[maybe_unused]] bool const registered = [] {
  using bench::logits::vocabulary, bench::logits::vocabularies;
  int const probes = bench::samples() < 3 ? 2 : 5;
  bench::limits("before", bench::row_probes(), probes);
  bench::in_turn({{"in_place_f32", in_place_f32},
                  {"two_sweeps_f32", two_sweeps_f32},
                  {"naive_eigen_f32", naive_eigen_f32},
                  {"mix_zeros_written_f32", mix_zeros_written_f32},
                  {"mix_rows_listed_f32", mix_rows_listed_f32},
                  {"out_of_place_f32", out_of_place_f32},
                  {"sequence_ratio_f32", sequence_ratio_f32}},
                 vocabulary);
  bench::in_turn({{"scalar_loop_f32", scalar_loop_f32}}, vocabulary, {.count = 1, .calls = 1});
  bench::in_turn({{"in_place_bf16", in_place_bf16}, {"two_sweeps_bf16", two_sweeps_bf16}}, vocabulary);
  for (cohort::index_t const v : vocabularies)
    if (v != vocabulary)
      bench::in_turn({{"in_place_f32", in_place_f32}, {"two_sweeps_f32", two_sweeps_f32}}, v,
                     {.threads = {bench::thread_counts().back()}});
  return bench::limits("after", bench::row_probes(), probes);
}();

} // namespace

BENCHMARK_MAIN();
