// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Hidden states and the weights of a head, and what plain loops in double make of them.
#pragma once

#include <cmath>
#include <vector>

#include "logits.cuh"

#if COHORT_BENCH_CUDA && __has_include(<cohort/backend/cublas.cuh>) && !defined(COHORT_BENCH_NO_CUBLAS)
#include <cohort/backend/cublas.cuh>
#define COHORT_BENCH_HEAD 1
#else
#define COHORT_BENCH_HEAD 0
#endif
#define COHORT_BENCH_MULTIPLIES (COHORT_BENCH_HEAD || !COHORT_BENCH_CUDA)

namespace bench {

#if COHORT_BENCH_HEAD
using head_element = cohort::bfloat16;
using head_context = cohort::cublas_context;
#else // products without tensor cores: for reach, not for speed
using head_element = float;
using head_context = device_context;
#endif

struct head_shape {
  index_t rows, columns, width, vocabulary, chunk_rows;
  bool mix = false; ///< as in logits_shape
  [[nodiscard]] index_t tokens() const { return rows * columns; }
  [[nodiscard]] logits_shape lengths() const { return {rows, columns, 1, mix}; }
};

/// The policy that sampled: near the log-probs of now where there are any, near uniform elsewhere.
template <class T>
__global__ void sampled_kernel(T const* log_prob, float mean, float unit, index_t n, T* old) {
  index_t const i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  T const now = log_prob[i];
  old[i] = (isfinite(now) && now < 0 ? now : mean) + random_normal(i, 7, unit);
}

struct head_batch {
  head_shape shape;
  buffer<head_element> hidden, weights, d_hidden;
  buffer<float> d_weights;
  buffer<index_t> token;
  buffer<std::uint8_t> mask;
  buffer<float> advantage, old_log_prob, log_prob;
  buffer<cohort::logits_sums> report{1};

  head_batch(session& run, head_shape s)
      : shape(s), hidden(s.tokens() * s.width), weights(s.vocabulary * s.width), d_hidden(hidden.size()),
        d_weights(weights.size()), token(s.tokens()), mask(s.tokens()), advantage(s.rows), old_log_prob(s.tokens()),
        log_prob(s.tokens()) {
    generate(run.stream(), hidden, normal_numbers{21, unit_of(1)});
    generate(run.stream(), weights, normal_numbers{22, unit_of(1 / std::sqrt(static_cast<double>(s.width)))});
    generate(run.stream(), token, token_numbers{2, s.vocabulary});
    generate(run.stream(), advantage, advantage_numbers{s.mix ? 2 : 0});
    require(cudaMemsetAsync(log_prob.data(), 0, log_prob.bytes(), run.stream()), "log_prob");
    sampled_nearby(run);
    std::vector<std::uint8_t> valid;
    for (index_t t = 0; t < s.tokens(); ++t) valid.push_back(t % s.columns < s.lengths().length(t / s.columns) ? 1 : 0);
    mask.upload(valid);
    clear(run);
  }
  void clear(session& run) { require(cudaMemsetAsync(d_weights.data(), 0, d_weights.bytes(), run.stream()), "clear"); }
  void sampled_nearby(session& run) {
    auto const n = static_cast<unsigned>(shape.tokens());
    auto const mean = static_cast<float>(-std::log(static_cast<double>(shape.vocabulary)) - 0.5);
    sampled_kernel<float><<<(n + 255) / 256, 256, 0, run.stream()>>>(log_prob.data(), mean, unit_of(0.05),
                                                                     shape.tokens(), old_log_prob.data());
    require(cudaGetLastError(), "sampled_kernel");
  }
  /// 6 N H V, of the rows with a gradient.
  [[nodiscard]] double operations() const {
    double live = 0;
    for (index_t r = 0; r < shape.rows; ++r)
      live += shape.mix && r % 5 < 2 ? 0 : static_cast<double>(shape.lengths().length(r));
    return 6 * live * static_cast<double>(shape.width) * static_cast<double>(shape.vocabulary);
  }
};

/// result[i, j] = sum_k left(i, k) right(j, k), an element per thread; steps say how far apart neighbours stand.
template <class A, class B>
__global__ void plain_product_kernel(A const* left, index_t left_row, index_t left_step, B const* right,
                                     index_t right_row, index_t right_step, index_t rows, index_t columns,
                                     index_t depth, double* result) {
  index_t const at = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= rows * columns) return;
  A const* const a = left + at / columns * left_row;
  B const* const b = right + at % columns * right_row;
  double sum = 0;
  for (index_t k = 0; k < depth; ++k)
    sum += cohort::detail::widen<double>(a + k * left_step) * cohort::detail::widen<double>(b + k * right_step);
  result[at] = sum;
}
template <class T>
__global__ void logit_gradient_kernel(T* logits, index_t vocabulary, index_t const* token, row_truth const* truth,
                                      gradient_row const* rows, index_t n) {
  index_t const i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  index_t const t = i / vocabulary, v = i % vocabulary;
  logits[i] = rows[t].slope * ((v == token[t] ? 1 : 0) - exp(logits[i] - truth[t].log_sum_exp));
}

/// Loss and gradients of a small head, mean over all tokens.
class head_truth {
  head_batch const& b_;

  template <class A, class B>
  void multiply(cudaStream_t stream, A const* left, index_t left_row, index_t left_step, B const* right,
                index_t right_row, index_t right_step, index_t rows, index_t columns, index_t depth, double* result) {
    auto const blocks = static_cast<unsigned>((rows * columns + 255) / 256);
    plain_product_kernel<<<blocks, 256, 0, stream>>>(left, left_row, left_step, right, right_row, right_step, rows,
                                                     columns, depth, result);
    require(cudaGetLastError(), "plain_product_kernel");
  }
  std::vector<gradient_row> slopes(std::vector<row_truth> const& truth) {
    auto const advantage = b_.advantage.download(), old = b_.old_log_prob.download();
    auto const mask = b_.mask.download();
    std::vector<gradient_row> rows;
    double const tokens = static_cast<double>(truth.size());
    for (std::size_t t = 0; t < truth.size(); ++t) {
      auto const of_sequence = static_cast<double>(advantage[t / static_cast<std::size_t>(b_.shape.columns)]);
      auto const x = token_policy{.beta = 0}(truth[t].log_prob - static_cast<double>(old[t]), of_sequence, 0);
      double const weight = mask[t] ? 1 / tokens : 0;
      rows.push_back({x.slope * weight, false});
      loss += x.value * weight;
    }
    return rows;
  }

public:
  buffer<double> d_hidden, d_weights;
  double loss = 0;

  head_truth(session& run, head_batch const& b) : b_(b), d_hidden(b.d_hidden.size()), d_weights(b.d_weights.size()) {
    cudaStream_t const stream = run.stream();
    index_t const n = b.shape.tokens(), v = b.shape.vocabulary, h = b.shape.width;
    buffer<double> const logits(n * v);
    multiply(stream, b.hidden.data(), h, 1, b.weights.data(), h, 1, n, v, h, logits.data());
    run.wait();
    auto const truth = truth_of(logits, v, b.token);
    buffer<row_truth> const truths(truth);
    buffer<gradient_row> const rows(slopes(truth));
    logit_gradient_kernel<<<static_cast<unsigned>((n * v + 255) / 256), 256, 0, stream>>>(
        logits.data(), v, b.token.data(), truths.data(), rows.data(), n * v);
    require(cudaGetLastError(), "logit_gradient_kernel");
    multiply(stream, logits.data(), v, 1, b.weights.data(), 1, h, n, h, v, d_hidden.data());
    multiply(stream, logits.data(), 1, v, b.hidden.data(), 1, h, v, h, n, d_weights.data());
    run.wait();
  }
};

/// |found - wanted| / |wanted|, of whole arrays.
template <class T>
double relative_error(buffer<T> const& found, buffer<double> const& wanted) {
  double difference = 0, size = 0;
  auto const right = wanted.download();
  auto const seen = found.download();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    double const error = cohort::detail::widen<double>(&seen[i]) - right[i];
    difference += error * error;
    size += right[i] * right[i];
  }
  return std::sqrt(difference / size);
}

} // namespace bench
