// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A shared object with kernels of its own architecture: compiled once for sm_80 and once for sm_90, with ENGINE the
/// name of its function.
#include <vector>

#include <cohort/backend/cuda.cuh>
#include <cohort/cohort.hpp>

#include <device/objects/engine.hpp>

namespace {

using cohort::index_t;

template <class T>
T* lent(std::size_t count, std::vector<T> const& from = {}) {
  void* pointer = nullptr;
  cudaMalloc(&pointer, count * sizeof(T));
  cudaMemset(pointer, 0, count * sizeof(T));
  if (!from.empty()) cudaMemcpy(pointer, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice);
  return static_cast<T*>(pointer);
}

} // namespace

__attribute__((visibility("default"))) int ENGINE(engine_batch const& in, std::vector<float>& d_logits) {
  using space = cohort::device_space;
  index_t const n = in.rows, v = in.vocabulary;
  auto const cells = static_cast<std::size_t>(n * v), rows = static_cast<std::size_t>(n);
  cudaStream_t stream = nullptr;
  if (cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) != cudaSuccess) return 1;
  auto* const workspace = lent<std::byte>(1 << 20);
  float *const logits = lent(cells, in.logits), *const out = lent<float>(cells);
  float *const reward = lent(rows, in.reward), *const advantage = lent<float>(rows), *const old = lent(rows, in.old);
  std::int64_t* const token = lent(rows, in.token);
  cudaDeviceSynchronize();
  cohort::cuda_context context{stream, {workspace, 1 << 20}};
  cohort::view<float, 1, space> const advantages{advantage, {n}, {1}};
  cohort::group_advantage<float>(context, cohort::view<float const, 1, space>{reward, {n}, {1}},
                                 {.advantage = advantages}, {.groups = cohort::uniform_groups{4}});
  cohort::logits_policy_gradient<float>(context,
                                        {.layout = cohort::padded{n, 1},
                                         .logits = cohort::view<float const, 2, space>{logits, {n, v}, {v, 1}},
                                         .token = cohort::view<std::int64_t const, 1, space>{token, {n}, {1}},
                                         .old_log_prob = cohort::view<float const, 1, space>{old, {n}, {1}},
                                         .advantage = cohort::per_sequence(advantages)},
                                        {.d_logits = cohort::view<float, 2, space>{out, {n, v}, {v, 1}}},
                                        cohort::objective(cohort::ppo_clip{}), {.normalizer = cohort::by_tokens(n)});
  bool const launched = context.status() == cudaSuccess && cudaStreamSynchronize(stream) == cudaSuccess;
  d_logits.resize(cells);
  bool const read = cudaMemcpy(d_logits.data(), out, cells * sizeof(float), cudaMemcpyDeviceToHost) == cudaSuccess;
  for (void* const x :
       {static_cast<void*>(workspace), static_cast<void*>(logits), static_cast<void*>(out), static_cast<void*>(reward),
        static_cast<void*>(advantage), static_cast<void*>(old), static_cast<void*>(token)})
    cudaFree(x);
  cudaStreamDestroy(stream);
  return launched && read ? 0 : 1;
}
