// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <thread>

#if !defined(COHORT_SOURCE_DIR)
#define COHORT_SOURCE_DIR "."
#endif

namespace gsm8k {
namespace {

void add_data_options(CLI::App& app, job_options& options) {
  app.add_option("--rollouts", options.rollouts, "rollouts as JSON Lines")->capture_default_str();
  app.add_option("--prompts", options.split.prompts, "prompts trained on")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--held-out", options.split.held_out, "prompts held out, of those that are left")
      ->capture_default_str();
  app.add_flag("--mixed-only", options.split.mixed_only, "draw only prompts that have right and wrong completions");
  app.add_option("--output", options.output, "folder for metrics.jsonl and curves.svg")->capture_default_str();
}

void add_training_options(CLI::App& app, job_options& options) {
  std::map<std::string, supervision> const supervisions{{"outcome", supervision::outcome},
                                                        {"process", supervision::process}};
  app.add_option("--supervision", options.advantage.by, "advantages from outcome or process rewards")
      ->transform(CLI::CheckedTransformer(supervisions))
      ->default_str("outcome");
  app.add_flag("--shuffle-advantages", options.shuffle_advantages,
               "the control: hand the rewards to other completions of the same prompt");
  app.add_option("--epochs", options.policy.epochs, "times that the rollouts are gone over")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--prompts-per-step", options.policy.prompts_per_step, "prompts of one step of the optimiser")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--prompts-per-micro-batch", options.policy.prompts_per_micro_batch,
                 "prompts whose logits are in memory at a time, per thread")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--warm-start-steps", options.warm_start.steps, "steps of maximum likelihood before")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void add_objective_options(CLI::App& app, job_options& options) {
  app.add_option("--learning-rate", options.policy.learning_rate, "of Adam, for the policy")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--clip-low", options.policy.clip_low, "ratios are clipped below 1 - this")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--clip-high", options.policy.clip_high, "ratios are clipped above 1 + this")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--beta", options.policy.beta, "weight of the KL divergence from the snapshot")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void add_run_options(CLI::App& app, job_options& options) {
  app.add_option("--seed", options.seed, "of everything random")->capture_default_str();
  app.add_option("--threads", options.threads, "threads; the results do not depend on them")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_flag("--quiet", options.quiet, "no progress and no line per epoch");
}

} // namespace

std::optional<int> parse_command_line(int argc, char const* const* argv, job_options& options) {
  options.rollouts = std::filesystem::path{COHORT_SOURCE_DIR} / "examples" / "data" / "gsm8k_style.jsonl";
  options.threads = (std::max)(1U, std::thread::hardware_concurrency());
  CLI::App app{"Group-relative policy optimisation of a byte-level model on rollouts of word problems"};
  add_data_options(app, options);
  add_training_options(app, options);
  add_objective_options(app, options);
  add_run_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& problem) {
    return app.exit(problem);
  }
  return {};
}

} // namespace gsm8k
