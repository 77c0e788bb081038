// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The rollout example from the advantages on: the model's gradient, the training, the report.
#include <gsm8k_rollouts/job.hpp>
#include <gsm8k_rollouts/pair_share.hpp>
#include <gsm8k_rollouts/progress.hpp>
#include <gsm8k_rollouts/training.hpp>

#include <cohort/interop/eigen.hpp>
#include <nlohmann/json.hpp>
#include <support/catch.hpp>

#include <cmath>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "rollout_files.hpp"

namespace {

using rollout_files::all_threads;

/// loss = sum_n seed[n] * log_prob[n] of a small model in double, and its gradient by the library and by hand.
struct small_problem {
  gsm8k::model_shape shape{3, 5};
  gsm8k::random_source random{3};
  gsm8k::byte_model<double> model{shape, random};
  gsm8k::encoded_text first{"ab", "abba"}, second{"", "a\xff"};
  gsm8k::token_batch batch;
  std::vector<double> seed;
  cohort::reference_context context;

  small_problem() {
    std::vector<gsm8k::encoded_text const*> const texts{&first, &second};
    batch = gsm8k::make_batch(texts, shape.context);
    for (std::size_t n = 0; n < batch.token.size(); ++n) seed.push_back(random.uniform() - 0.5);
    for (auto& value : model.parameters()) value += 0.2 * (random.uniform() - 0.5);
  }

  double loss(gsm8k::activations<double>& state, std::vector<double>& log_sum_exp) {
    model.forward(batch, state);
    std::vector<double> log_prob(seed.size());
    log_sum_exp.resize(seed.size());
    auto logits = state.logits();
    cohort::token_log_prob<double>(context, {.logits = logits, .token = batch.token},
                                   {.log_prob = log_prob, .log_sum_exp = log_sum_exp});
    return std::inner_product(seed.begin(), seed.end(), log_prob.begin(), 0.0);
  }

  Eigen::VectorXd gradient() {
    gsm8k::activations<double> state;
    std::vector<double> log_sum_exp;
    loss(state, log_sum_exp);
    auto logits = state.logits();
    cohort::token_log_prob_backward<double>(
        context, {.logits = logits, .token = batch.token, .log_sum_exp = log_sum_exp, .d_log_prob = seed},
        {.d_logits = logits});
    Eigen::VectorXd result = Eigen::VectorXd::Zero(model.parameters().size());
    model.backward(batch, state, result);
    return result;
  }

  double central_difference(Eigen::Index parameter) {
    double const width = 1e-5;
    gsm8k::activations<double> state;
    std::vector<double> log_sum_exp;
    auto const at = [&](double offset) {
      double& value = model.parameters()[parameter];
      double const before = value;
      value = before + offset;
      double const result = loss(state, log_sum_exp);
      value = before;
      return result;
    };
    return (at(width) - at(-width)) / (2 * width);
  }
};

/// A snapshot and the prompts to train it on.
struct prepared_run {
  gsm8k::random_source random;
  gsm8k::prompt_split split;
  gsm8k::policy_model model;

  prepared_run(std::vector<gsm8k::scored_prompt> const& prompts, std::uint64_t seed, int warm_start_steps = 64)
      : random{seed}, split{gsm8k::split_prompts(prompts, {.mixed_only = true}, random)}, model{{}, random} {
    gsm8k::warm_start_options options;
    options.steps = warm_start_steps;
    gsm8k::warm_start(model, split.references, options, random, all_threads());
  }
};

struct shares_over_training {
  gsm8k::shares before, after;
  [[nodiscard]] double rise() const { return after.train.share - before.train.share; }
};

shares_over_training train(prepared_run run, bool shuffled) {
  std::vector<gsm8k::scored_prompt> control;
  std::vector<gsm8k::scored_prompt const*> rewarded = run.split.train;
  if (shuffled) {
    control = gsm8k::with_shuffled_rewards(run.split.train, run.random);
    for (std::size_t p = 0; p < control.size(); ++p) rewarded[p] = &control[p];
  }
  auto const measure = [&] {
    return gsm8k::shares{gsm8k::measure_pair_share(run.model, run.split.train, all_threads()),
                         gsm8k::measure_pair_share(run.model, run.split.held_out, all_threads())};
  };
  shares_over_training result{measure(), {}};
  gsm8k::optimise_policy(run.model, run.split.train, gsm8k::compute_advantages(rewarded, {}), {}, run.random,
                         all_threads());
  result.after = measure();
  return result;
}

void print(std::uint64_t seed, char const* what, shares_over_training const& seen) {
  std::cout << "seed " << seed << ", " << what << ": trained on " << seen.before.train.share << " -> "
            << seen.after.train.share << ", held out " << seen.before.held_out.share << " -> "
            << gsm8k::share_text(seen.after.held_out) << "\n";
}

struct rises {
  double smallest = 1;     ///< of the training, over its seeds
  double mean_control = 0; ///< of the training with shuffled advantages, over its seeds
};

rises measure_rises(std::vector<gsm8k::scored_prompt> const& prompts, std::uint64_t seeds,
                    std::uint64_t control_seeds) {
  rises result;
  for (std::uint64_t seed = 1; seed <= control_seeds; ++seed) {
    prepared_run const run{prompts, seed};
    if (seed <= seeds) {
      auto const seen = train(run, false);
      print(seed, "advantages", seen);
      result.smallest = (std::min)(result.smallest, seen.rise());
    }
    auto const control = train(run, true);
    print(seed, "shuffled advantages", control);
    result.mean_control += control.rise() / static_cast<double>(control_seeds);
  }
  return result;
}

gsm8k::job_options small_job(rollout_files::scratch_folder const& folder) {
  gsm8k::job_options options;
  options.rollouts = rollout_files::shipped();
  options.output = folder.path();
  options.model = {6, 16};
  options.split.prompts = 12;
  options.warm_start.steps = 6;
  options.policy.epochs = 3;
  return options;
}

} // namespace

TEST_CASE("training: the gradient of the model is that of central differences") {
  small_problem problem;
  Eigen::VectorXd const gradient = problem.gradient();
  double largest_difference = 0;
  for (Eigen::Index parameter = 0; parameter < gradient.size(); ++parameter) {
    // An embedding that no window holds has no influence; most of them are such.
    bool const embedding = parameter < 3 * gsm8k::vocabulary * problem.shape.hidden;
    if (embedding && gradient[parameter] == 0 && parameter % 97 != 0) continue;
    double const difference = std::abs(gradient[parameter] - problem.central_difference(parameter));
    largest_difference = (std::max)(largest_difference, difference);
  }
  CHECK(gradient.lpNorm<Eigen::Infinity>() > 0.1);
  CHECK(largest_difference < 1e-9);
}

TEST_CASE("training: a model without a preference wins half of the pairs") {
  auto const prompts = gsm8k::score(gsm8k::read_rollouts(rollout_files::shipped()));
  std::vector<gsm8k::scored_prompt const*> mixed, others;
  for (auto const& prompt : prompts) (prompt.mixed() ? mixed : others).push_back(&prompt);
  gsm8k::random_source random{1};
  gsm8k::policy_model model{{4, 8}, random};
  model.parameters().setZero();
  auto const share = gsm8k::measure_pair_share(model, mixed, 1);
  CHECK(share.share == 0.5);
  CHECK(share.prompts == static_cast<std::int64_t>(mixed.size()));
  auto const none = gsm8k::measure_pair_share(model, others, 1);
  CHECK(none.pairs == 0);
  CHECK(std::isnan(none.share));
}

TEST_CASE("training: threads change no bit, micro-batches no more than rounding") {
  auto const prompts = gsm8k::score(gsm8k::read_rollouts(rollout_files::shipped()));
  prepared_run const run{prompts, 5, 8};
  auto const advantage = gsm8k::compute_advantages(run.split.train, {});
  auto const parameters_after = [&](std::size_t prompts_per_micro_batch, std::size_t threads) {
    auto copy = run;
    gsm8k::policy_options options;
    options.epochs = 1;
    options.prompts_per_micro_batch = prompts_per_micro_batch;
    gsm8k::optimise_policy(copy.model, copy.split.train, advantage, options, copy.random, threads);
    return copy.model.parameters();
  };
  auto const one_thread = parameters_after(2, 1);
  CHECK(one_thread == parameters_after(2, 3));
  // Adam turns the sign of a gradient of rounding size into a whole step: compare what the policy says, not parameters.
  gsm8k::policy_model cut_in_two = run.model, whole = run.model;
  cut_in_two.parameters() = one_thread;
  whole.parameters() = parameters_after(8, 1);
  auto const a = gsm8k::token_log_probs(cut_in_two, run.split.references, 1);
  auto const b = gsm8k::token_log_probs(whole, run.split.references, 1);
  double difference = 0;
  for (std::size_t n = 0; n < a.size(); ++n)
    difference += std::abs(static_cast<double>(a[n] - b[n])) / static_cast<double>(a.size());
  CHECK(difference < 1e-3);
}

TEST_CASE("training: on the shipped file the policy learns to prefer what is right") {
  auto const prompts = gsm8k::score(gsm8k::read_rollouts(rollout_files::shipped()));
  auto const seen = measure_rises(prompts, 1, 1);
  CHECK(seen.smallest > 0.15);
  CHECK(seen.mean_control < 0.10);
}

TEST_CASE("training: on the real file the policy learns to prefer what is right") {
  auto const file = rollout_files::real();
  if (!file) {
    WARN("skipped: the real rollouts are not here (COHORT_SHARED_DATA names their folder)");
    return;
  }
  auto const prompts = gsm8k::score(gsm8k::read_rollouts(*file));
  auto const seen = measure_rises(prompts, 3, 5);
  CHECK(seen.smallest >= 0.25);
  CHECK(seen.mean_control < 0.10);
}

TEST_CASE("training: a job writes its metrics and curves, the same for any number of threads") {
  rollout_files::scratch_folder const folder{"job"}, other_folder{"other_job"};
  auto options = small_job(folder);
  options.advantage.by = GENERATE(gsm8k::supervision::outcome, gsm8k::supervision::process);
  std::ostringstream out;
  auto const result = gsm8k::run_job(options, out, {});
  CHECK_THAT(out.str(), ContainsSubstring("192 of 192 labelled completions"));
  CHECK_THAT(out.str(), ContainsSubstring("epoch 3/3  loss "));
  CHECK_THAT(out.str(), ContainsSubstring("pair share, prompts held out   after:"));
  CHECK(result.after.train.pairs > 0);

  std::istringstream lines{rollout_files::read(folder / "metrics.jsonl")};
  int epoch = 0;
  for (std::string line; std::getline(lines, line);) {
    auto const metrics = nlohmann::json::parse(line);
    CHECK(metrics.at("epoch") == ++epoch);
    for (char const* name : {"loss", "kl", "clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/low_min",
                             "clip_ratio/high_max", "frac_reward_zero_std", "reward", "reward_std"})
      CHECK(metrics.at(name).is_number());
  }
  CHECK(epoch == 3);
  auto const curves = rollout_files::read(folder / "curves.svg");
  CHECK_THAT(curves, ContainsSubstring("<svg xmlns="));
  CHECK_THAT(curves, ContainsSubstring("</svg>"));

  options.output = other_folder.path();
  options.threads = 3;
  gsm8k::run_job(options, out, {});
  CHECK(rollout_files::read(other_folder / "metrics.jsonl") == rollout_files::read(folder / "metrics.jsonl"));
  CHECK(rollout_files::read(other_folder / "curves.svg") == curves);
}

TEST_CASE("training: progress says share, speed and time left") {
  CHECK(gsm8k::progress_line("training", 50'000, 200'000, 30) ==
        "training [######------------------]  25 %  2 k tokens/s  1:30 left");
  std::ostringstream plain;
  {
    gsm8k::progress_bar bar{{&plain, false}, "training", 100};
    bar.add(100);
  }
  CHECK_THAT(plain.str(), ContainsSubstring("100 %"));
  CHECK(plain.str().find('\r') == std::string::npos);
}
