// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An engine without autograd: its backward pass begins with one fused call that turns logits into their gradient. Here
// is such a call for cross-entropy, and the same line as GRPO, over the same buffers, with padded columns.
#include <cohort/cohort.hpp>

#include <cohort/backend/eigen.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <span>
#include <vector>

namespace {

constexpr int B = 32, T = 12, V = 13, P = 16; // sequences, tokens, classes, columns of a row of logits
constexpr int group_size = 8;                 // completions of one prompt

// [fused_classifier]
/// losses = -log softmax(logits)[targets]; logits become dloss times their derivative, columns V to P become 0.
void fused_classifier(float* logits, float* losses, float dloss, int const* targets, int b, int t, int v, int p) {
  for (int row = 0; row < b * t; ++row) {
    float* const x = logits + row * p;
    float const high = *std::max_element(x, x + v);
    float sum = 0;
    for (int i = 0; i < v; ++i) sum += std::exp(x[i] - high);
    losses[row] = std::log(sum) + high - x[targets[row]];
    for (int i = 0; i < v; ++i) x[i] = (std::exp(x[i] - high) / sum - (i == targets[row] ? 1.0F : 0.0F)) * dloss;
    std::fill(x + v, x + p, 0.0F);
  }
}
// [end]

/// What a step of the engine reads and writes. Row b * T + t of the logits scores targets[b * T + t].
struct step_buffers {
  std::vector<int> inputs = std::vector<int>(B * T), targets = inputs;
  std::vector<float> logits = std::vector<float>(B * T * P), losses = std::vector<float>(B * T);
  std::vector<float> old_log_prob = losses, advantage = std::vector<float>(B); // what GRPO adds
};

/// logits = weights[input]: a table instead of a network.
struct bigram_model {
  std::vector<float> weights = std::vector<float>(V * P);

  bigram_model() {
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (i % P >= V) weights[i] = 1e30F; // whatever an engine leaves in the padding: nobody reads it
  }

  void forward(step_buffers& x) const {
    for (std::size_t row = 0; row < x.inputs.size(); ++row)
      std::copy_n(&weights[static_cast<std::size_t>(x.inputs[row]) * P], P, &x.logits[row * P]);
  }
  /// One step of gradient descent; x.logits hold their gradient.
  void backward(step_buffers const& x, float rate) {
    for (std::size_t row = 0; row < x.inputs.size(); ++row)
      for (std::size_t i = 0; i < P; ++i)
        weights[static_cast<std::size_t>(x.inputs[row]) * P + i] -= rate * x.logits[row * P + i];
  }
};

// [cross_entropy_step]
float cross_entropy_step(bigram_model& model, step_buffers& x, float rate) {
  model.forward(x);
  fused_classifier(x.logits.data(), x.losses.data(), 1.0F / (B * T), x.targets.data(), B, T, V, P);
  model.backward(x, rate);
  float sum = 0;
  for (float const loss : x.losses) sum += loss;
  return sum / (B * T);
}
// [end]

// [grpo_step]
cohort::logits_report grpo_step(cohort::eigen_context& context, bigram_model& model, step_buffers& x, float rate) {
  model.forward(x);
  cohort::view<float, 2, cohort::host_space> const logits(x.logits.data(), {B * T, P}, {P, 1});
  cohort::logits_sums sums;
  cohort::logits_policy_gradient<float>(context,
                                        {.layout = cohort::padded{B, T},
                                         .logits = logits,
                                         .token = x.targets,
                                         .old_log_prob = x.old_log_prob,
                                         .advantage = cohort::per_sequence(x.advantage)},
                                        {.d_logits = logits, .report = &sums}, // in place
                                        cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}),
                                        {.normalizer = cohort::by_constant(B * T), .vocabulary = V});
  model.backward(x, rate);
  return cohort::read(context, &sums);
}
// [end]

/// A number in [0, 1), the same with every standard library.
double uniform(std::mt19937& random) { return static_cast<double>(random()) / 4294967296; }

/// A text in which each token is the one before plus 1 or plus 2.
void read_text(step_buffers& x, std::mt19937& random) {
  for (std::size_t row = 0; row < x.inputs.size(); ++row) {
    x.inputs[row] = row == 0 ? 0 : x.targets[row - 1];
    x.targets[row] = (x.inputs[row] + 1 + static_cast<int>(2 * uniform(random))) % V;
  }
}

/// The token at which the sum of the probabilities passes a random number; log_prob is that token's.
int sample(bigram_model const& model, int input, std::mt19937& random, float& log_prob) {
  float const* const x = &model.weights[static_cast<std::size_t>(input) * P];
  double sum = 0;
  for (int i = 0; i < V; ++i) sum += std::exp(static_cast<double>(x[i]));
  double rest = uniform(random) * sum;
  int token = 0;
  while (token < V - 1 && (rest -= std::exp(static_cast<double>(x[token]))) >= 0) ++token;
  log_prob = static_cast<float>(static_cast<double>(x[token]) - std::log(sum));
  return token;
}

/// Completions of prompts of one token. The reward is the share of tokens that are the one before plus 1; returns its
/// mean. Fills the advantages.
float roll_out(cohort::eigen_context& context, bigram_model const& model, step_buffers& x, std::mt19937& random) {
  std::vector<float> reward(B);
  for (std::size_t row = 0; row < x.inputs.size(); ++row) {
    std::size_t const sequence = row / T;
    x.inputs[row] = row % T == 0 ? static_cast<int>(sequence / group_size) : x.targets[row - 1];
    x.targets[row] = sample(model, x.inputs[row], random, x.old_log_prob[row]);
    if (x.targets[row] == (x.inputs[row] + 1) % V) reward[sequence] += 1.0F / T;
  }
  cohort::group_advantage(context, reward, x.advantage, {.groups = cohort::uniform_groups{group_size}});
  float sum = 0;
  for (float const r : reward) sum += r;
  return sum / B;
}

/// The largest difference between the two gradients where they must be the same: advantage 1, the policy that sampled,
/// so that nothing is clipped, no KL, and the classifier's own denominator.
float largest_difference(cohort::eigen_context& context, bigram_model& model, step_buffers x) {
  step_buffers own = x;
  cross_entropy_step(model, own, 0);
  for (std::size_t row = 0; row < x.inputs.size(); ++row) x.old_log_prob[row] = -own.losses[row];
  std::fill(x.advantage.begin(), x.advantage.end(), 1.0F);
  grpo_step(context, model, x, 0);
  float largest = 0;
  for (std::size_t i = 0; i < x.logits.size(); ++i) {
    float const difference = std::abs(x.logits[i] - own.logits[i]);
    largest = difference <= largest ? largest : difference; // and NaN
  }
  return largest;
}

} // namespace

int main() {
  cohort::eigen_context context{{.threads = 1, .workspace_bytes = 1 << 16}};
  std::mt19937 random{1};
  bigram_model model;
  step_buffers x;

  float const rate = 4;
  float first_loss = 0, loss = 0;
  for (int step = 0; step < 200; ++step) {
    read_text(x, random);
    loss = cross_entropy_step(model, x, rate);
    if (step == 0) first_loss = loss;
  }
  std::printf("fused_classifier        loss   %.3f -> %.3f (log 2 is 0.693)\n", double(first_loss), double(loss));

  double const difference = double(largest_difference(context, model, x)) * B * T;
  std::printf("the same gradient       differs by %.1e of dloss at most\n", difference);

  float first_reward = 0, reward = 0;
  cohort::index_t skipped = 0;
  for (int step = 0; step < 60; ++step) {
    reward = roll_out(context, model, x, random);
    if (step == 0) first_reward = reward;
    for (int epoch = 0; epoch < 2; ++epoch) skipped += grpo_step(context, model, x, rate).skipped;
  }
  std::printf("logits_policy_gradient  reward %.3f -> %.3f (%d rows were not read)\n", double(first_reward),
              double(reward), int(skipped));
  bool const learned = loss < 0.9F && first_reward < 0.6F && reward > 0.9F;
  return learned && difference < 1e-5 ? 0 : 1;
}
