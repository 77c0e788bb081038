// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// From tokens to a gradient and a step: the model forward, a loss on its logits, the model backward, on several
/// threads.
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

/// What one thread needs to take tokens through the model. Whoever differentiates a loss replaces the logits by their
/// derivative, in place.
class model_pass {
public:
  cohort::eigen_context context{{.threads = 1, .workspace_bytes = std::size_t{1} << 20U}};
  std::vector<float> log_prob; ///< of the last score()

  void forward(policy_model const& model, token_batch const& batch) { model.forward(batch, state_); }
  [[nodiscard]] activations<float>::map logits() { return state_.logits(); }

  /// log_prob[n] = log softmax(logits[n])[token[n]]
  void score(token_batch const& batch) {
    log_prob.resize(batch.token.size());
    auto const logits = state_.logits();
    cohort::token_log_prob<float>(context, {.logits = logits, .token = batch.token}, {.log_prob = log_prob});
  }
  /// Adds the gradient of the parameters, whose logits have been replaced by their derivative.
  void backward(policy_model const& model, token_batch const& batch, policy_model::parameter_vector& gradient) {
    model.backward(batch, state_, gradient);
  }

private:
  activations<float> state_;
};

/// One optimiser over micro-batches of whatever kind.
class trainer {
public:
  trainer(policy_model& model, std::size_t threads, double rate, double largest_norm)
      : model_{model}, workers_{threads},
        pass_(workers_.size()), optimiser_{model.parameters().size(), rate, largest_norm} {}

  /// batch_of(item) gives the tokens of a micro-batch; differentiate(item, batch, pass) replaces pass.logits() by their
  /// derivative. Returns the norm of the gradient.
  template <class BatchOf, class Differentiate>
  double step(std::size_t micro_batches, BatchOf const& batch_of, Differentiate const& differentiate) {
    while (gradient_.size() < micro_batches) gradient_.emplace_back(model_.parameters().size());
    workers_.run(micro_batches, [&](std::size_t worker, std::size_t item) {
      auto& pass = pass_[worker];
      token_batch const batch = batch_of(item);
      pass.forward(model_, batch);
      differentiate(item, batch, pass);
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
