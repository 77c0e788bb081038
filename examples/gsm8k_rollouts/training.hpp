// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Maximum likelihood on the reference solutions, then policy optimisation on the rollouts.
///
/// Bits do not depend on the number of threads: a step is cut into micro-batches by the data alone, each has a gradient
/// of its own, and the gradients are added in the order of the micro-batches.
#pragma once

#include "advantages.hpp"
#include "byte_model.hpp"
#include "rewards.hpp"

#include <cohort/cohort.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace gsm8k {

struct warm_start_options {
  int steps = 64;
  std::size_t texts_per_step = 8;
  double learning_rate = 3e-3;
};

struct policy_options {
  int epochs = 8;
  std::size_t prompts_per_step = 8;        ///< one step of the optimiser
  std::size_t prompts_per_micro_batch = 2; ///< whose logits are in memory at a time, per thread
  double learning_rate = 3e-3;
  double clip_low = 0.2;
  double clip_high = 0.28;
  double beta = 0.04;
  double largest_gradient_norm = 1;
};

/// What one epoch looked like: each a mean over its steps, or the extreme where the name says so.
struct epoch_metrics {
  int epoch;
  double loss, kl, approx_kl, gradient_norm, ratio_mean;
  double clip_low_mean, clip_low_min, clip_high_mean, clip_high_max;
  std::int64_t tokens; ///< trained on so far
};

/// Called after each step with the tokens of that step.
using step_callback = std::function<void(std::int64_t tokens)>;
using epoch_callback = std::function<void(epoch_metrics const&)>;

using policy_model = byte_model<float>;

/// Log-probs of every token of the texts' completions, packed in their order.
std::vector<float> token_log_probs(policy_model const& model, std::span<encoded_text const* const> texts,
                                   std::size_t threads);

/// Minimises -mean log_prob of the texts' completions, which come round in a new order each time. Returns that loss, in
/// nats per byte, of each step.
std::vector<double> warm_start(policy_model& model, std::span<encoded_text const* const> texts,
                               warm_start_options const& options, random_source& random, std::size_t threads,
                               step_callback const& on_step = {});

/// Minimises the clipped surrogate with k3 against the model as it is now: the snapshot is both the policy that stands
/// for the one that sampled (old) and the reference. The rollouts are gone over `epochs` times.
void optimise_policy(policy_model& model, std::span<scored_prompt const* const> prompts, advantages const& advantage,
                     policy_options const& options, random_source& random, std::size_t threads,
                     epoch_callback const& on_epoch = {}, step_callback const& on_step = {});

} // namespace gsm8k
