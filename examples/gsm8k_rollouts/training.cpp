// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "training.hpp"

#include "trainer.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace gsm8k {
namespace {

/// function(begin, end) for runs of at most `size` out of `count`.
template <class Function>
void for_each_run(std::size_t count, std::size_t size, Function const& function) {
  for (std::size_t begin = 0; begin < count; begin += size) function(begin, (std::min)(begin + size, count));
}

std::size_t runs_of(std::size_t count, std::size_t size) { return (count + size - 1) / size; }

std::int64_t tokens_of(std::span<encoded_text const* const> texts) {
  std::size_t tokens = 0;
  for (auto const* text : texts) tokens += text->completion_tokens();
  return static_cast<std::int64_t>(tokens);
}

using text_list = std::vector<encoded_text const*>;

text_list completions_of(scored_prompt const& prompt) {
  text_list texts;
  for (auto const& completion : prompt.completions) texts.push_back(&completion.text);
  return texts;
}

/// Texts in an order that is shuffled anew whenever all of them were given out.
class text_queue {
public:
  text_queue(std::span<encoded_text const* const> texts, random_source& random) : texts_{texts}, random_{random} {}

  text_list next(std::size_t count) {
    text_list chosen;
    for (; chosen.size() < count; ++given_) {
      if (given_ % texts_.size() == 0) order_ = random_.permutation(texts_.size());
      chosen.push_back(texts_[order_[given_ % texts_.size()]]);
    }
    return chosen;
  }

private:
  std::span<encoded_text const* const> texts_;
  random_source& random_;
  std::vector<std::size_t> order_;
  std::size_t given_ = 0;
};

/// The same seed for every token: -1 / tokens makes a step of maximum likelihood, loss = -sum log_prob / tokens. Returns
/// this micro-batch's part of it.
double likelihood_gradient(model_pass& pass, token_batch const& batch, double tokens) {
  pass.score(batch);
  std::vector<float> const seed(pass.log_prob.size(), static_cast<float>(-1 / tokens));
  auto logits = pass.logits();
  cohort::token_log_prob_backward<float>(pass.context, {.logits = logits, .token = batch.token, .d_log_prob = seed},
                                         {.d_logits = logits});
  double sum = 0;
  for (float const log_prob : pass.log_prob) sum += static_cast<double>(log_prob);
  return -sum / tokens;
}

double likelihood_step(trainer& training, std::span<encoded_text const* const> texts, Eigen::Index context) {
  std::size_t const size = 4; // texts of a micro-batch
  auto const tokens = static_cast<double>(tokens_of(texts));
  std::vector<double> part(runs_of(texts.size(), size));
  training.step(
      part.size(),
      [&](std::size_t item) {
        return make_batch(texts.subspan(item * size, (std::min)(size, texts.size() - item * size)), context);
      },
      [&](std::size_t item, token_batch const& batch, model_pass& pass) {
        part[item] = likelihood_gradient(pass, batch, tokens);
      });
  return std::accumulate(part.begin(), part.end(), 0.0);
}

/// The rollouts as they were when they were collected: what stays fixed while the policy moves.
struct rollout {
  text_list texts;
  std::span<float const> advantage; ///< per completion or per token
  std::vector<float> old_log_prob;
};

std::vector<rollout> snapshot(policy_model const& model, std::span<scored_prompt const* const> prompts,
                              advantages const& advantage, std::size_t threads) {
  std::vector<rollout> rollouts;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    rollouts.push_back({completions_of(*prompts[p]), advantage.of_prompt(p), {}});
    rollouts.back().old_log_prob = token_log_probs(model, rollouts.back().texts, threads);
  }
  return rollouts;
}

/// Some prompts, joined into the packed arrays that one call of logits_policy_gradient reads.
struct micro_batch {
  text_list texts;
  std::vector<float> advantage, old_log_prob;
  cohort::logits_sums report;

  explicit micro_batch(std::span<rollout const* const> rollouts) {
    for (auto const* one : rollouts) {
      texts.insert(texts.end(), one->texts.begin(), one->texts.end());
      advantage.insert(advantage.end(), one->advantage.begin(), one->advantage.end());
      old_log_prob.insert(old_log_prob.end(), one->old_log_prob.begin(), one->old_log_prob.end());
    }
  }
};

std::vector<micro_batch> micro_batches_of(std::span<rollout const* const> rollouts, std::size_t size) {
  std::vector<micro_batch> batches;
  for_each_run(rollouts.size(), size,
               [&](std::size_t begin, std::size_t end) { batches.emplace_back(rollouts.subspan(begin, end - begin)); });
  return batches;
}

std::int64_t tokens_of(std::span<micro_batch const> batches) {
  std::int64_t tokens = 0;
  for (auto const& batch : batches) tokens += static_cast<std::int64_t>(batch.old_log_prob.size());
  return tokens;
}

/// The loss of one micro-batch, and the logits replaced by their gradient: each row of logits is read once. Every
/// micro-batch divides by the tokens of the whole step, so that their sum is the loss of the step, however it is cut.
void policy_gradient(model_pass& pass, token_batch const& tokens, micro_batch& batch, supervision by,
                     std::int64_t step_tokens, policy_options const& options) {
  using advantage_view = cohort::advantage_view<float, cohort::host_space>;
  auto const advantage = by == supervision::outcome ? advantage_view{cohort::per_sequence(batch.advantage)}
                                                    : advantage_view{cohort::per_token(batch.advantage)};
  cohort::logits_policy_gradient_options const how{.normalizer = cohort::by_tokens(step_tokens)};
  pass.context.reserve(
      cohort::logits_policy_gradient_workspace_bytes<float>(tokens.tokens(), how)); // once it is enough
  auto logits = pass.logits();
  cohort::logits_policy_gradient<float>(
      pass.context,
      {.layout = cohort::packed(tokens.sequence_offsets),
       .logits = logits,
       .token = tokens.token,
       .old_log_prob = batch.old_log_prob,
       .ref_log_prob = batch.old_log_prob,
       .advantage = advantage},
      {.d_logits = logits, .report = &batch.report}, // in place
      cohort::objective(cohort::ppo_clip{.low = options.clip_low, .high = options.clip_high},
                        cohort::k3{.beta = options.beta}),
      how);
}

struct step_result {
  cohort::logits_report report;
  double gradient_norm;
};

/// One step of the optimiser: micro-batches are passed through the model apart, their gradients and reports added.
step_result policy_step(trainer& training, std::span<rollout const* const> rollouts, supervision by,
                        policy_options const& options, Eigen::Index context) {
  auto batches = micro_batches_of(rollouts, options.prompts_per_micro_batch);
  std::int64_t const step_tokens = tokens_of(batches);
  double const norm = training.step(
      batches.size(), [&](std::size_t item) { return make_batch(batches[item].texts, context); },
      [&](std::size_t item, token_batch const& tokens, model_pass& pass) {
        policy_gradient(pass, tokens, batches[item], by, step_tokens, options);
      });
  cohort::logits_sums total = batches[0].report;
  for (std::size_t item = 1; item < batches.size(); ++item) total = cohort::merge(total, batches[item].report);
  cohort::reference_context host;
  return {cohort::read(host, &total), norm};
}

/// Means and extremes of an epoch, from the report of each step.
class epoch_summary {
public:
  void add(step_result const& step) {
    auto const& policy = step.report.policy;
    ++steps_;
    sum_.loss += step.report.loss;
    sum_.kl += policy.kl;
    sum_.approx_kl += policy.approx_kl;
    sum_.ratio_mean += policy.ratio_mean;
    sum_.gradient_norm += step.gradient_norm;
    sum_.clip_low_mean += policy.clip_low;
    sum_.clip_high_mean += policy.clip_high;
    sum_.clip_low_min = (std::min)(sum_.clip_low_min, policy.clip_low_min);
    sum_.clip_high_max = (std::max)(sum_.clip_high_max, policy.clip_high_max);
  }

  [[nodiscard]] epoch_metrics mean(int epoch, std::int64_t tokens) const {
    epoch_metrics result = sum_;
    for (double* value : {&result.loss, &result.kl, &result.approx_kl, &result.ratio_mean, &result.gradient_norm,
                          &result.clip_low_mean, &result.clip_high_mean})
      *value /= steps_;
    result.epoch = epoch;
    result.tokens = tokens;
    return result;
  }

private:
  int steps_ = 0;
  epoch_metrics sum_ = start();

  static epoch_metrics start() {
    epoch_metrics zero{};
    zero.clip_low_min = std::numeric_limits<double>::infinity();
    return zero;
  }
};

} // namespace

std::vector<float> token_log_probs(policy_model const& model, std::span<encoded_text const* const> texts,
                                   std::size_t threads) {
  std::size_t const texts_at_a_time = 8;
  workers const pool{threads};
  std::vector<model_pass> pass(pool.size());
  std::vector<std::vector<float>> part(runs_of(texts.size(), texts_at_a_time));
  pool.run(part.size(), [&](std::size_t worker, std::size_t item) {
    std::size_t const begin = item * texts_at_a_time;
    auto const some = texts.subspan(begin, (std::min)(texts_at_a_time, texts.size() - begin));
    token_batch const batch = make_batch(some, model.shape().context);
    pass[worker].forward(model, batch);
    pass[worker].score(batch);
    part[item] = pass[worker].log_prob;
  });
  std::vector<float> log_prob;
  for (auto const& values : part) log_prob.insert(log_prob.end(), values.begin(), values.end());
  return log_prob;
}

std::vector<double> warm_start(policy_model& model, std::span<encoded_text const* const> texts,
                               warm_start_options const& options, random_source& random, std::size_t threads,
                               step_callback const& on_step) {
  trainer training{model, threads, options.learning_rate, 1};
  text_queue queue{texts, random};
  std::vector<double> losses;
  for (int step = 0; step < options.steps; ++step) {
    text_list const chosen = queue.next(options.texts_per_step);
    losses.push_back(likelihood_step(training, chosen, model.shape().context));
    if (on_step) on_step(tokens_of(chosen));
  }
  return losses;
}

void optimise_policy(policy_model& model, std::span<scored_prompt const* const> prompts, advantages const& advantage,
                     policy_options const& options, random_source& random, std::size_t threads,
                     epoch_callback const& on_epoch, step_callback const& on_step) {
  auto const rollouts = snapshot(model, prompts, advantage, threads);
  trainer training{model, threads, options.learning_rate, options.largest_gradient_norm};
  std::int64_t tokens_seen = 0;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    std::vector<rollout const*> shuffled;
    for (std::size_t const index : random.permutation(rollouts.size())) shuffled.push_back(&rollouts[index]);
    epoch_summary summary;
    for_each_run(shuffled.size(), options.prompts_per_step, [&](std::size_t begin, std::size_t end) {
      auto const chosen = std::span{shuffled}.subspan(begin, end - begin);
      auto const seen = policy_step(training, chosen, advantage.by, options, model.shape().context);
      summary.add(seen);
      std::int64_t const tokens = seen.report.policy.tokens + seen.report.skipped;
      tokens_seen += tokens;
      if (on_step) on_step(tokens);
    });
    if (on_epoch) on_epoch(summary.mean(epoch, tokens_seen));
  }
}

} // namespace gsm8k
