// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of logits as one writes them first: Eigen's expressions, or loops with std::exp, rows split over threads.
#pragma once

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <Eigen/Core>

#include <support/logits.hpp>

namespace bench {

/// f(first, last) of as many parts of the rows.
template <class F>
void split_rows(cohort::index_t rows, int parts, F const& f) {
  std::vector<std::thread> workers;
  for (int part = 1; part < parts; ++part)
    workers.emplace_back([&f, rows, part, parts] { f(rows * part / parts, rows * (part + 1) / parts); });
  f(0, rows / parts);
  for (auto& worker : workers) worker.join();
}

/// log sum exp of a row: a maximum, then the sum.
struct eigen_rows {
  static auto map(float const* z, cohort::index_t n) { return Eigen::Map<Eigen::ArrayXf const>(z, n); }
  static float log_sum_exp(float const* z, cohort::index_t n) {
    float const high = map(z, n).maxCoeff();
    return high + std::log((map(z, n) - high).exp().sum());
  }
  static void probabilities(float* z, cohort::index_t n, float log_sum_exp, float factor) {
    Eigen::Map<Eigen::ArrayXf> row(z, n);
    row = (row - log_sum_exp).exp() * factor;
  }
};
struct scalar_rows {
  static float log_sum_exp(float const* z, cohort::index_t n) {
    float high = z[0];
    double sum = 0;
    for (cohort::index_t v = 1; v < n; ++v) high = (std::max)(high, z[v]);
    for (cohort::index_t v = 0; v < n; ++v) sum += static_cast<double>(std::exp(z[v] - high));
    return high + static_cast<float>(std::log(sum));
  }
  static void probabilities(float* z, cohort::index_t n, float log_sum_exp, float factor) {
    for (cohort::index_t v = 0; v < n; ++v) z[v] = std::exp(z[v] - log_sum_exp) * factor;
  }
};

template <class Rows>
void naive_log_prob(logits_batch<float>& b, buffer<float> const& z, int threads) {
  split_rows(b.tokens, threads, [&](cohort::index_t first, cohort::index_t last) {
    for (cohort::index_t r = first; r < last; ++r) {
      auto const i = static_cast<std::size_t>(r);
      float const* const row = z.data() + r * b.vocabulary;
      b.log_sum_exp[i] = Rows::log_sum_exp(row, b.vocabulary);
      b.log_prob[i] = row[b.token[i]] - b.log_sum_exp[i];
    }
  });
}

/// Loss and gradient in place, in two sweeps over all rows.
template <class Rows>
double naive_policy_gradient(logits_batch<float>& b, buffer<float>& z, int threads) {
  naive_log_prob<Rows>(b, z, threads);
  constexpr auto low = static_cast<float>(1 - logits::low), high = static_cast<float>(1 + logits::high);
  auto const share = 1.0F / static_cast<float>(b.tokens);
  double loss = 0;
  for (std::size_t i = 0; i < b.log_prob.size(); ++i) {
    float const a = b.advantage[i / logits::columns], ratio = std::exp(b.log_prob[i] - b.old_log_prob[i]);
    float const clipped = std::fmin(std::fmax(ratio, low), high);
    loss -= static_cast<double>(share * std::fmin(ratio * a, clipped * a));
    b.d_log_prob[i] = clipped * a < ratio * a ? 0.0F : -ratio * a * share;
  }
  split_rows(b.tokens, threads, [&](cohort::index_t first, cohort::index_t last) {
    for (cohort::index_t r = first; r < last; ++r) {
      auto const i = static_cast<std::size_t>(r);
      float* const row = z.data() + r * b.vocabulary;
      Rows::probabilities(row, b.vocabulary, b.log_sum_exp[i], -b.d_log_prob[i]);
      row[b.token[i]] += b.d_log_prob[i];
    }
  });
  return loss;
}

/// Empty where the largest difference is within so much of the largest element, and what differs where not.
template <class T>
std::string differs(char const* what, T const& x, T const& expected, double tolerance) {
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double const want = static_cast<double>(as_float(expected[i])), has = static_cast<double>(as_float(x[i]));
    largest = (std::max)(largest, std::fabs(want));
    error = std::fabs(has - want) <= error ? error : std::fabs(has - want);
  }
  if (error <= tolerance * largest) return {};
  return std::string(what) + " differ by " + std::to_string(error / largest) + " of the largest";
}

} // namespace bench
