// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Plain, slow and in double: what everybody must find, and by how much they miss it.
#pragma once

#include <cmath>
#include <vector>

#include <cohort/core/numeric.hpp>

#include "device.cuh"

namespace bench {

inline constexpr int oracle_threads = 256;

/// The value of every thread of a block, folded; the same for all of them.
template <class F>
__device__ double folded(double x, F f) {
  __shared__ double values[oracle_threads];
  values[threadIdx.x] = x;
  __syncthreads();
  for (unsigned half = oracle_threads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) values[threadIdx.x] = f(values[threadIdx.x], values[threadIdx.x + half]);
    __syncthreads();
  }
  double const all = values[0];
  __syncthreads();
  return all;
}
struct larger {
  __device__ double operator()(double a, double b) const { return a < b ? b : a; }
};
struct plus {
  __device__ double operator()(double a, double b) const { return a + b; }
};

/// Of a row of logits: log-sum-exp, the token's log-prob, the entropy.
struct row_truth {
  double log_sum_exp, log_prob, entropy;
};
template <class L>
__global__ void row_truth_kernel(L const* logits, index_t vocabulary, index_t const* token, row_truth* out) {
  L const* const x = logits + static_cast<index_t>(blockIdx.x) * vocabulary;
  double top = -1e300, sum = 0, mean = 0;
  for (index_t v = threadIdx.x; v < vocabulary; v += oracle_threads)
    top = larger{}(top, cohort::detail::widen<double>(x + v));
  top = folded(top, larger{});
  for (index_t v = threadIdx.x; v < vocabulary; v += oracle_threads) {
    double const above = cohort::detail::widen<double>(x + v) - top, e = exp(above);
    sum += e;
    mean += e * above;
  }
  sum = folded(sum, plus{});
  mean = folded(mean, plus{}) / sum;
  if (threadIdx.x > 0) return;
  double const chosen = cohort::detail::widen<double>(x + token[blockIdx.x]);
  out[blockIdx.x] = {top + log(sum), chosen - top - log(sum), log(sum) - mean};
}
template <class L>
std::vector<row_truth> truth_of(buffer<L> const& logits, index_t vocabulary, buffer<index_t> const& token) {
  buffer<row_truth> out(token.size());
  row_truth_kernel<<<static_cast<unsigned>(token.size()), oracle_threads>>>(logits.data(), vocabulary, token.data(),
                                                                            out.data());
  require(cudaGetLastError(), "row_truth_kernel");
  return out.download();
}

/// How far a row of d_logits is from slope * (one-hot - softmax); a row of slope 0 must be 0, one left out is not read.
struct gradient_error {
  double missed;  ///< elements beyond the tolerance
  double largest; ///< error over |slope|
  double sum;     ///< |sum of the row| over |slope|
};
struct gradient_row {
  double slope;
  bool left_out;
};
template <class L>
__global__ void gradient_error_kernel(L const* logits, L const* gradient, index_t vocabulary, index_t const* token,
                                      row_truth const* truth, gradient_row const* rows, double tolerance,
                                      double smallest, gradient_error* out) {
  auto const row = static_cast<index_t>(blockIdx.x);
  if (rows[row].left_out) {
    if (threadIdx.x == 0) out[row] = {};
    return;
  }
  L const *const x = logits + row * vocabulary, *const d = gradient + row * vocabulary;
  double const slope = rows[row].slope, unit = slope != 0 ? fabs(slope) : 1;
  double missed = 0, largest = 0, sum = 0;
  for (index_t v = threadIdx.x; v < vocabulary; v += oracle_threads) {
    double const p = exp(cohort::detail::widen<double>(x + v) - truth[row].log_sum_exp);
    double const wanted = slope * ((v == token[row] ? 1 : 0) - p), found = cohort::detail::widen<double>(d + v);
    double const error = fabs(found - wanted);
    missed += error <= tolerance * fabs(wanted) + 1e-7 * fabs(slope) + smallest ? 0 : 1; // NaN misses
    largest = larger{}(largest, error / unit);
    sum += found;
  }
  missed = folded(missed, plus{});
  largest = folded(largest, larger{});
  sum = folded(sum, plus{});
  if (threadIdx.x == 0) out[row] = {missed, largest, fabs(sum) / unit};
}
template <class L>
gradient_error gradient_error_of(buffer<L> const& logits, buffer<L> const& gradient, index_t vocabulary,
                                 buffer<index_t> const& token, std::vector<row_truth> const& truth,
                                 std::vector<gradient_row> const& rows) {
  buffer<row_truth> const truths(truth);
  buffer<gradient_row> const wanted(rows);
  buffer<gradient_error> out(token.size());
  double const tolerance = sizeof(L) == 2 ? 0x1p-7 : 2e-5;               // a unit in the last place of 16 bits
  double const smallest = std::is_same_v<L, cohort::half> ? 0x1p-24 : 0; // half has no smaller numbers
  gradient_error_kernel<<<static_cast<unsigned>(token.size()), oracle_threads>>>(
      logits.data(), gradient.data(), vocabulary, token.data(), truths.data(), wanted.data(), tolerance, smallest,
      out.data());
  require(cudaGetLastError(), "gradient_error_kernel");
  gradient_error worst{};
  for (auto const& row : out.download()) {
    worst.missed += row.missed;
    worst.largest = (std::max)(worst.largest, row.largest);
    worst.sum = (std::max)(worst.sum, row.sum);
  }
  worst.missed /= static_cast<double>(logits.size());
  return worst;
}

/// PPO with two clip ranges and k3, of one token, in double.
struct token_truth {
  double value, slope, kl;
  bool low, high, near_edge;
};
struct token_policy {
  double low = 0.2, high = 0.28, beta = 0.04;
  [[nodiscard]] COHORT_HOST_DEVICE token_truth operator()(double log_ratio, double advantage, double delta) const {
    double const ratio = exp(log_ratio), held = ratio < 1 - low ? 1 - low : ratio > 1 + high ? 1 + high : ratio;
    bool const clipped = held * advantage < ratio * advantage;
    double const kl = beta != 0 ? exp(delta) - delta - 1 : 0;
    return {-(clipped ? held : ratio) * advantage + beta * kl,
            (clipped ? 0 : -ratio * advantage) + (beta != 0 ? beta * (1 - exp(delta)) : 0),
            kl,
            clipped && advantage < 0,
            clipped && advantage > 0,
            fabs(ratio - 1 + low) < 1e-4 || fabs(ratio - 1 - high) < 1e-4};
  }
};

/// The largest |a - b| / max(1, |b|); NaN where one is and the other is not.
template <class T>
double largest_error(std::vector<T> const& found, std::vector<double> const& wanted) {
  double worst = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    double const error = std::fabs(static_cast<double>(found[i]) - wanted[i]) / (std::max)(1.0, std::fabs(wanted[i]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

} // namespace bench
