// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Loss and d_logits as they are usually made: a kernel that reads a row for its log-sum-exp, a kernel that reads it
/// again and writes the gradient over it. A block per row, 16 bytes at a time where rows allow.
#pragma once

#include <cohort/core/numeric.hpp>

#include "oracle.cuh"

namespace bench {

struct three_pass_rows {
  index_t vocabulary;
  index_t const* token;
  float const *old_log_prob, *ref_log_prob, *advantage; ///< advantage: per token
  float *log_sum_exp, *log_prob, *value, *kl, *clipped; ///< per token
  float* totals;                                        ///< loss, mean KL, clip fraction
  float weight;
};

template <class L>
struct alignas(16) sixteen_bytes {
  static constexpr int size = 16 / sizeof(L);
  L x[size];
};

/// f(v, cell) over a thread's cells of a row; the row is a multiple of 16 bytes or it goes cell by cell.
template <class L, class F>
__device__ void over_row(L* row, index_t vocabulary, F f) {
  using pack = sixteen_bytes<L>;
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0 || vocabulary % pack::size != 0) {
    for (index_t v = threadIdx.x; v < vocabulary; v += blockDim.x) f(v, row + v);
    return;
  }
  for (index_t v = static_cast<index_t>(threadIdx.x) * pack::size; v < vocabulary;
       v += static_cast<index_t>(blockDim.x) * pack::size) {
    pack cells = *reinterpret_cast<pack const*>(row + v);
#pragma unroll
    for (int k = 0; k < pack::size; ++k) f(v + k, cells.x + k);
    if constexpr (!std::is_const_v<L>) *reinterpret_cast<pack*>(row + v) = cells;
  }
}

struct running_softmax {
  float top, sum;
  __device__ void add(running_softmax const& y) {
    float const next = fmaxf(top, y.top);
    sum = sum * (top == next ? 1.0F : __expf(top - next)) + y.sum * (y.top == next ? 1.0F : __expf(y.top - next));
    top = next;
  }
};

template <class L>
__global__ void __launch_bounds__(512) three_pass_forward(L const* logits, three_pass_rows r) {
  auto const row = static_cast<index_t>(blockIdx.x);
  running_softmax mine{-3e38F, 0};
  over_row(logits + row * r.vocabulary, r.vocabulary, [&](index_t, L const* cell) {
    float const x = cohort::detail::widen<float>(cell);
    if (x > mine.top) mine.sum *= __expf(mine.top - x), mine.top = x;
    mine.sum += __expf(x - mine.top);
  });
  __shared__ running_softmax parts[512];
  parts[threadIdx.x] = mine;
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) parts[threadIdx.x].add(parts[threadIdx.x + half]);
  }
  if (threadIdx.x > 0) return;
  float const total = parts[0].top + logf(parts[0].sum);
  float const log_prob = cohort::detail::widen<float>(logits + row * r.vocabulary + r.token[row]) - total;
  r.log_sum_exp[row] = total;
  if (r.log_prob) r.log_prob[row] = log_prob;
  if (!r.value) return;
  token_truth const t =
      token_policy{}(static_cast<double>(log_prob - r.old_log_prob[row]), static_cast<double>(r.advantage[row]),
                     static_cast<double>(r.ref_log_prob[row] - log_prob));
  r.value[row] = static_cast<float>(t.value);
  r.kl[row] = static_cast<float>(t.kl);
  r.clipped[row] = t.low || t.high ? 1.0F : 0.0F;
  r.log_prob[row] = static_cast<float>(t.slope); // what the second kernel multiplies with
}

template <class L>
__global__ void __launch_bounds__(512) three_pass_backward(L* logits, three_pass_rows r) {
  auto const row = static_cast<index_t>(blockIdx.x);
  float const total = r.log_sum_exp[row], slope = r.weight * r.log_prob[row];
  index_t const token = r.token[row];
  over_row(logits + row * r.vocabulary, r.vocabulary, [&](index_t v, auto* cell) {
    float const p = __expf(cohort::detail::widen<float>(cell) - total);
    cohort::detail::narrow(cell, slope * ((v == token ? 1.0F : 0.0F) - p));
  });
}

/// The three totals, by one block.
template <class L>
__global__ void __launch_bounds__(oracle_threads) three_pass_totals(three_pass_rows r, index_t rows) {
  double sums[3] = {0, 0, 0};
  for (index_t i = threadIdx.x; i < rows; i += oracle_threads) {
    sums[0] += static_cast<double>(r.value[i]);
    sums[1] += static_cast<double>(r.kl[i]);
    sums[2] += static_cast<double>(r.clipped[i]);
  }
  for (int k = 0; k < 3; ++k) {
    double const all = folded(sums[k], plus{});
    if (threadIdx.x == 0) r.totals[k] = static_cast<float>(all * static_cast<double>(r.weight));
  }
}

template <class L>
void three_pass(cudaStream_t stream, L* logits, index_t rows, three_pass_rows const& r) {
  auto const blocks = static_cast<unsigned>(rows);
  three_pass_forward<L><<<blocks, 512, 0, stream>>>(logits, r);
  three_pass_totals<L><<<1, oracle_threads, 0, stream>>>(r, rows);
  three_pass_backward<L><<<blocks, 512, 0, stream>>>(logits, r);
  require(cudaGetLastError(), "three_pass");
}

} // namespace bench
