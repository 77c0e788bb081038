// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// From tokens to a gradient and a step: the library's token log-probs around the model, on several threads.
#pragma once

#include "adam.hpp"
#include "byte_model.hpp"
#include "training.hpp"
#include "workers.hpp"

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>
#include <cohort/interop/eigen.hpp>
#include <cstddef>
#include <vector>

namespace gsm8k {

/// What one thread needs to take tokens through the model: T1 and T2 of the library around a model of our own.
class model_pass {
public:
  cohort::eigen_context context{{.threads = 1, .workspace_bytes = std::size_t{1} << 20U}};
  std::vector<float> log_prob, d_log_prob;

  /// log_prob[n] = log softmax(logits[n])[token[n]]; the logits stay for the backward pass.
  void forward(policy_model const& model, token_batch const& batch) {
    model.forward(batch, state_);
    log_prob.resize(batch.token.size());
    log_sum_exp_.resize(batch.token.size());
    auto logits = state_.logits();
    cohort::token_log_prob<float>(context, {.logits = logits, .token = batch.token},
                                  {.log_prob = log_prob, .log_sum_exp = log_sum_exp_});
  }

  /// Adds the gradient of sum_n d_log_prob[n] * log_prob[n]. The logits are overwritten by their derivative.
  void backward(policy_model const& model, token_batch const& batch, policy_model::parameter_vector& gradient) {
    auto logits = state_.logits();
    cohort::token_log_prob_backward<float>(
        context, {.logits = logits, .token = batch.token, .log_sum_exp = log_sum_exp_, .d_log_prob = d_log_prob},
        {.d_logits = logits});
    model.backward(batch, state_, gradient);
  }

private:
  activations<float> state_;
  std::vector<float> log_sum_exp_;
};

/// One optimiser over micro-batches of whatever kind.
class trainer {
public:
  trainer(policy_model& model, std::size_t threads, double rate, double largest_norm)
      : model_{model}, workers_{threads},
        pass_(workers_.size()), optimiser_{model.parameters().size(), rate, largest_norm} {}

  /// batch_of(item) gives the tokens of a micro-batch; seed(item, batch, pass) reads pass.log_prob and fills
  /// pass.d_log_prob. Returns the norm of the gradient.
  template <class BatchOf, class Seed>
  double step(std::size_t micro_batches, BatchOf const& batch_of, Seed const& seed) {
    while (gradient_.size() < micro_batches) gradient_.emplace_back(model_.parameters().size());
    workers_.run(micro_batches, [&](std::size_t worker, std::size_t item) {
      auto& pass = pass_[worker];
      token_batch const batch = batch_of(item);
      pass.forward(model_, batch);
      pass.d_log_prob.resize(pass.log_prob.size());
      seed(item, batch, pass);
      gradient_[item].setZero();
      pass.backward(model_, batch, gradient_[item]);
    });
    for (std::size_t item = 1; item < micro_batches; ++item) gradient_[0] += gradient_[item];
    return optimiser_.step(gradient_[0], model_.parameters());
  }

private:
  policy_model& model_;
  workers workers_;
  std::vector<model_pass> pass_;
  std::vector<policy_model::parameter_vector> gradient_;
  adam optimiser_;
};

} // namespace gsm8k
