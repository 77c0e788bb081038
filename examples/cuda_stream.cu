// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GRPO inside an engine that owns its stream and its memory: from rewards to the gradient of bfloat16 logits, recorded
// once as a CUDA graph and replayed every step. Nothing waits but the one call that reads the report.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <cuda_runtime.h>

#include <cohort/backend/cuda.cuh>
#include <cohort/cohort.hpp>

namespace {

using cohort::index_t;
template <class T>
using vector = cohort::view<T, 1, cohort::device_space>;
template <class T>
using matrix = cohort::view<T, 2, cohort::device_space>;

constexpr index_t prompts = 2, samples = 4, columns = 8, vocabulary = 1000;
constexpr index_t rows = prompts * samples, tokens = rows * columns;

void require(cudaError_t result) {
  if (result != cudaSuccess) throw std::runtime_error(cudaGetErrorString(result));
}

/// The engine's device memory: one allocation, cut into pieces.
class arena {
  std::byte *memory_ = nullptr, *next_ = nullptr;

public:
  explicit arena(std::size_t bytes) {
    require(cudaMalloc(&memory_, bytes));
    next_ = memory_;
  }
  arena(arena const&) = delete;
  arena& operator=(arena const&) = delete;
  ~arena() { cudaFree(memory_); }
  template <class T>
  T* take(index_t count) {
    auto* const piece = reinterpret_cast<T*>(next_);
    next_ += (static_cast<std::size_t>(count) * sizeof(T) + 255) / 256 * 256;
    return piece;
  }
};

/// What a step reads and writes, all on the device. The gradient of the logits takes their place.
struct step_memory {
  vector<float> reward, advantage, old_log_prob;
  vector<std::int32_t> token;
  matrix<cohort::bfloat16> logits;
  cohort::logits_sums* report;

  explicit step_memory(arena& memory)
      : reward(memory.take<float>(rows), {rows}, {1}), advantage(memory.take<float>(rows), {rows}, {1}),
        old_log_prob(memory.take<float>(tokens), {tokens}, {1}),
        token(memory.take<std::int32_t>(tokens), {tokens}, {1}),
        logits(memory.take<cohort::bfloat16>(tokens * vocabulary), {tokens, vocabulary}, {vocabulary, 1}),
        report(memory.take<cohort::logits_sums>(1)) {}
};

// [update]
cohort::logits_policy_gradient_options const options{.normalizer = cohort::by_tokens(tokens)};

/// Launches and returns.
void update(cohort::cuda_context& context, step_memory const& m) {
  cohort::group_advantage<float>(context, m.reward, {.advantage = m.advantage},
                                 {.groups = cohort::uniform_groups{samples}});
  cohort::logits_policy_gradient<cohort::bfloat16>(context,
                                                   {.layout = cohort::padded{rows, columns},
                                                    .logits = m.logits,
                                                    .token = m.token,
                                                    .old_log_prob = m.old_log_prob,
                                                    .advantage = cohort::per_sequence(m.advantage)},
                                                   {.d_logits = m.logits, .report = m.report},
                                                   cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}),
                                                   options);
}
// [end]

/// A step's calls, recorded.
class recorded_update {
  cudaGraphExec_t program_ = nullptr;

public:
  // [record]
  recorded_update(cohort::cuda_context& context, step_memory const& m) {
    cudaGraph_t graph = nullptr;
    require(cudaStreamBeginCapture(context.stream(), cudaStreamCaptureModeThreadLocal));
    update(context, m); // checked now, and never again: shapes and pointers are part of the graph
    require(cudaStreamEndCapture(context.stream(), &graph));
    require(context.status()); // of the launches
    require(cudaGraphInstantiate(&program_, graph, 0));
    require(cudaGraphDestroy(graph));
  }
  // [end]
  recorded_update(recorded_update const&) = delete;
  recorded_update& operator=(recorded_update const&) = delete;
  ~recorded_update() { cudaGraphExecDestroy(program_); }
  void operator()(cudaStream_t stream) const { require(cudaGraphLaunch(program_, stream)); }
};

template <class T>
void upload(cudaStream_t stream, T* to, std::vector<T> const& from) {
  require(cudaMemcpyAsync(to, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice, stream));
}

/// The forward pass and the rollout: some logits, tokens and rewards. The second prompt's rewards are all equal.
void pretend(cudaStream_t stream, step_memory const& m) {
  std::vector<cohort::bfloat16> logits;
  for (index_t i = 0; i < tokens * vocabulary; ++i)
    logits.push_back(cohort::to_bfloat16(static_cast<float>(std::sin(0.7 * static_cast<double>(i % 7919)))));
  std::vector<std::int32_t> chosen;
  for (index_t t = 0; t < tokens; ++t) chosen.push_back(static_cast<std::int32_t>(t * 37 % vocabulary));
  upload(stream, m.logits.data, logits);
  upload(stream, m.token.data, chosen);
  upload(stream, m.old_log_prob.data, std::vector<float>(static_cast<std::size_t>(tokens), -7.0F));
  upload(stream, m.reward.data, {1, 0, 0, 1, 1, 1, 1, 1});
  require(cudaStreamSynchronize(stream)); // these vectors end here
}

int run(cudaStream_t stream) {
  arena memory(std::size_t{1} << 20);
  step_memory const m(memory);
  // [context]
  index_t const workspace = cohort::logits_policy_gradient_workspace_bytes<cohort::bfloat16>(tokens, options);
  index_t const bytes = cohort::cuda_context::own_bytes + workspace; // 64 KiB and 13 bytes per token
  cohort::cuda_context context{stream, {.data = memory.take<std::byte>(bytes), .bytes = bytes}};
  // [end]
  recorded_update const step(context, m);
  cohort::logits_report seen[2];
  for (auto& report : seen) {
    pretend(stream, m);
    step(stream);
    report = cohort::read(context, m.report); // waits for the stream
  }
  std::vector<cohort::bfloat16> d_logits(static_cast<std::size_t>(tokens * vocabulary));
  require(
      cudaMemcpy(d_logits.data(), m.logits.data, d_logits.size() * sizeof(cohort::bfloat16), cudaMemcpyDeviceToHost));
  std::printf("loss %.6f  ratio %.4f  tokens %d  skipped %d\n", seen[1].loss, seen[1].policy.ratio_mean,
              static_cast<int>(seen[1].policy.tokens), static_cast<int>(seen[1].skipped));
  bool const same = seen[0].loss == seen[1].loss && seen[1].policy.tokens == tokens / 2;
  bool const nothing_to_learn = seen[1].skipped == tokens / 2 && cohort::to_float(d_logits.back()) == 0;
  return same && nothing_to_learn && cohort::to_float(d_logits.front()) != 0 ? 0 : 1;
}

} // namespace

int main() try {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("no device: skipped\n");
    return 0;
  }
  cudaStream_t stream = nullptr;
  require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  int const result = run(stream);
  cudaStreamDestroy(stream);
  return result;
} catch (std::exception const& problem) {
  std::printf("%s\n", problem.what());
  return 1;
}
