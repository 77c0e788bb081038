// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Hidden states and a head, the calls that everybody is measured at, and Eigen's products of the same size.
#pragma once

#include <vector>

#include <Eigen/Core>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/logits.hpp>
#include <support/naive_rows.hpp>

namespace bench {

/// Logits of standard deviation 1.5. Gradients of the weights are added up, call after call.
struct head_batch : policy_batch {
  using matrix = cohort::view<float, 2, cohort::host_space>;
  static constexpr cohort::index_t width = logits::width;
  std::vector<float> hidden, weights, d_hidden, d_weights;

  explicit head_batch(cohort::index_t v)
      : policy_batch(v), hidden(normal(size(tokens), 8)), weights(many_normal(size(v), 9)), d_hidden(hidden.size()),
        d_weights(weights.size()) {
    for (float& w : weights) w *= 0.05F;
    auto context = context_for(thread_counts().back());
    score(context);
    for (std::size_t t = 0; t < token.size(); ++t) old_log_prob[t] = log_prob[t] + 0.1F * old_log_prob[t];
  }

  /// A context with memory for every call below.
  [[nodiscard]] cohort::eigen_context context_for(int threads) {
    cohort::logits_sums sums;
    return cohort::eigen_context{{.threads = threads, .workspace_bytes = workspace(sums) + scoring_workspace()}};
  }
  [[nodiscard]] cohort::index_t workspace(cohort::logits_sums& sums) {
    return cohort::head_policy_gradient_workspace_bytes(inputs(false), outputs(sums), options(false));
  }
  [[nodiscard]] cohort::index_t scoring_workspace() { return cohort::head_log_prob_workspace_bytes(scored()); }

  void score(cohort::eigen_context& context) {
    cohort::head_log_prob<float>(context, scored(), {.log_prob = log_prob});
  }
  void gradient(cohort::eigen_context& context, cohort::logits_sums& sums, bool mixed = false) {
    cohort::head_policy_gradient<float>(context, inputs(mixed), outputs(sums), surrogate, options(mixed));
  }

private:
  using inputs_type = cohort::head_policy_gradient_inputs<float, cohort::host_space>;
  using outputs_type = cohort::head_policy_gradient_outputs<float, cohort::host_space>;
  using scored_type = cohort::head_log_prob_inputs<float, cohort::host_space>;

  static std::size_t size(cohort::index_t rows) { return static_cast<std::size_t>(rows * width); }
  matrix view(std::vector<float>& x) const {
    return {x.data(), {static_cast<cohort::index_t>(x.size()) / width, width}, {width, 1}};
  }
  scored_type scored() { return {.hidden = view(hidden), .weights = view(weights), .token = token}; }
  inputs_type inputs(bool mixed) {
    inputs_type in{.layout = cohort::padded{rows, logits::columns},
                   .hidden = view(hidden),
                   .weights = view(weights),
                   .token = token,
                   .old_log_prob = old_log_prob,
                   .advantage = cohort::per_sequence(mixed ? mixed_advantage : advantage)};
    if (mixed) in.mask = mixed_mask;
    return in;
  }
  outputs_type outputs(cohort::logits_sums& sums) {
    return {.d_hidden = view(d_hidden), .d_weights = view(d_weights), .log_prob = log_prob, .report = &sums};
  }
  [[nodiscard]] cohort::head_policy_gradient_options options(bool mixed) const {
    return {.normalizer = cohort::by_tokens(mixed ? count(mixed_mask) : tokens)};
  }
};

/// The three products of a head by Eigen, each with its longer side split over threads: logits, d_hidden, d_weights.
class head_products {
  using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using map = Eigen::Map<matrix>;
  head_batch& b_;
  std::vector<float> logits_ = std::vector<float>(static_cast<std::size_t>(b_.tokens * b_.vocabulary));
  map hidden_{b_.hidden.data(), b_.tokens, b_.width}, d_hidden_{b_.d_hidden.data(), b_.tokens, b_.width};
  map weights_{b_.weights.data(), b_.vocabulary, b_.width}, d_weights_{b_.d_weights.data(), b_.vocabulary, b_.width};
  map z_{logits_.data(), b_.tokens, b_.vocabulary};

public:
  explicit head_products(head_batch& b) : b_(b) {}
  void logits(int threads) {
    split_rows(b_.vocabulary, threads, [&](cohort::index_t first, cohort::index_t last) {
      z_.middleCols(first, last - first).noalias() = hidden_ * weights_.middleRows(first, last - first).transpose();
    });
  }
  void all(int threads) {
    logits(threads);
    split_rows(b_.tokens, threads, [&](cohort::index_t first, cohort::index_t last) {
      d_hidden_.middleRows(first, last - first).noalias() = z_.middleRows(first, last - first) * weights_;
    });
    split_rows(b_.vocabulary, threads, [&](cohort::index_t first, cohort::index_t last) {
      d_weights_.middleRows(first, last - first).noalias() += z_.middleCols(first, last - first).transpose() * hidden_;
    });
  }
};

} // namespace bench
