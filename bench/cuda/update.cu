// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A whole update, from rewards to the gradient of the logits and the report, in one graph; and that its bits repeat.
#include "benches.cuh"
#include "support/logits.cuh"

namespace bench {
namespace {

__global__ void digest_kernel(std::uint32_t const* data, index_t n, unsigned long long* out) {
  index_t const step = static_cast<index_t>(gridDim.x) * blockDim.x;
  unsigned long long sum = 0; // of terms that depend on their place: the order of the sum does not matter
  for (index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
    sum += static_cast<unsigned long long>(mixed(data[i] ^ mixed(static_cast<std::uint32_t>(i)))) *
           (2 * static_cast<unsigned long long>(i) + 1);
  atomicAdd(out, sum);
}

struct whole_update {
  using L = cohort::bfloat16;
  session& run;
  logits_batch<L> batch;
  buffer<L> logits;
  buffer<float> reward, log_prob;
  buffer<cohort::group_sums> group_report{1};
  buffer<cohort::logits_sums> report{1};
  owned_context context;

  whole_update(session& r, logits_shape s)
      : run(r), batch(r, s), logits(batch.original.size()), reward(s.rows), log_prob(s.tokens()),
        context(r.stream(), cohort::logits_policy_gradient_workspace_bytes<L>(s.tokens(), options())) {
    generate(run.stream(), reward, reward_numbers{});
  }
  [[nodiscard]] cohort::logits_policy_gradient_options options() const {
    return {.normalizer = cohort::by_tokens(static_cast<double>(batch.shape.tokens()))};
  }
  void restore() {
    require(
        cudaMemcpyAsync(logits.data(), batch.original.data(), logits.bytes(), cudaMemcpyDeviceToDevice, run.stream()),
        "restore");
  }
  void call() {
    auto const rows = logits.matrix(batch.shape.tokens());
    auto const advantage = batch.advantage.view();
    cohort::group_advantage<float>(*context, reward.view(), {.advantage = advantage, .report = group_report.data()},
                                   {.groups = cohort::uniform_groups{8}});
    cohort::logits_policy_gradient<L>(
        *context,
        {.layout = cohort::padded{batch.shape.rows, batch.shape.columns},
         .logits = rows,
         .token = batch.token.view(),
         .old_log_prob = batch.old_log_prob.view(),
         .ref_log_prob = batch.ref_log_prob.view(),
         .advantage = cohort::per_sequence(advantage)},
        {.d_logits = rows, .log_prob = log_prob.view(), .report = report.data()},
        cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.04}), options());
  }
  [[nodiscard]] unsigned long long digest() {
    buffer<unsigned long long> const sum(1);
    require(cudaMemsetAsync(sum.data(), 0, sum.bytes(), run.stream()), "memset");
    auto const over = [&](void const* data, std::size_t bytes) {
      digest_kernel<<<132 * 8, 256, 0, run.stream()>>>(static_cast<std::uint32_t const*>(data),
                                                       static_cast<index_t>(bytes / 4), sum.data());
    };
    over(logits.data(), logits.bytes());
    over(report.data(), report.bytes());
    over(group_report.data(), group_report.bytes());
    over(log_prob.data(), log_prob.bytes());
    require(cudaGetLastError(), "digest_kernel");
    run.wait();
    return sum.download()[0];
  }
};

/// The same bits from a call and from every replay of its recording?
void repeat(session& run, logits_shape shape, int replays) {
  whole_update u(run, shape);
  u.restore();
  u.call();
  auto const eager = u.digest();
  graph const recorded(run.stream(), [&] { u.call(); });
  int different = 0;
  for (int i = 0; i < replays; ++i) {
    u.restore();
    recorded.launch(run.stream());
    if (u.digest() != eager) ++different;
  }
  json_line("repeatable")
      .add("workload", name_of(shape, "bf16", "update"))
      .add("replays", replays)
      .add("different", different)
      .add("launches", recorded.nodes())
      .add("process", run.options.process);
}

void one(session& run, logits_shape shape) {
  whole_update u(run, shape);
  candidate const ours{.name = "cohort",
                       .call = [&](int) { u.call(); },
                       .restore = [&](int) { u.restore(); },
                       .workspace = static_cast<double>(u.context.bytes())};
  compare(run, {.algorithm = "update", .name = name_of(shape, "bf16", "update"), .bytes = 2 * u.batch.bytes()}, {ours});
}

} // namespace

void update(session& run) {
  index_t const tokens = run.options.quick ? 2048 : 8192;
  run.attempt("update", [&] { one(run, {tokens / 64, 64, 151936}); });
  run.attempt("update, repeated", [&] { repeat(run, {16, 64, 151936}, run.options.quick ? 20 : 1000); });
}

} // namespace bench
