// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "job.hpp"

#include "curves.hpp"
#include "pair_share.hpp"
#include "staged_file.hpp"

#include <array>
#include <cstdio>
#include <ostream>
#include <stdexcept>

namespace gsm8k {
namespace {

/// The files of a run: both complete before either takes its place.
class run_files {
public:
  explicit run_files(std::filesystem::path const& folder)
      : metrics_{folder / "metrics.jsonl"}, curves_{folder / "curves.svg"} {}

  void commit(std::string const& metrics, std::string const& curves) {
    metrics_.write(metrics);
    curves_.write(curves);
    metrics_.commit();
    curves_.commit();
  }

private:
  staged_file metrics_, curves_;
};

std::vector<scored_prompt> read_and_score(std::filesystem::path const& file, std::ostream& out) {
  auto const groups = read_rollouts(file);
  auto scored = score(groups);
  auto const labels = compare(groups, scored);
  std::size_t completions = 0, mixed = 0;
  for (auto const& prompt : scored) completions += prompt.completions.size(), mixed += prompt.mixed() ? 1U : 0U;
  out << file.string() << ": " << scored.size() << " prompts, " << completions << " completions, " << mixed
      << " prompts with right and wrong ones\n";
  out << "the rule agrees with the label on " << labels.agreed << " of " << labels.labelled
      << " labelled completions\n";
  return scored;
}

std::string decimals(double value) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.3f", value);
  return digits.data();
}

/// One run, from the drawn prompts on.
class job {
public:
  job(job_options const& options, std::ostream& out, progress_screen screen, std::span<scored_prompt const> prompts)
      : options_{options}, out_{out}, screen_{screen}, random_{options.seed},
        split_{split_prompts(prompts, options.split, random_)}, model_{options.model, random_} {}

  job_result run(run_files& files) {
    start();
    shares const before = measure();
    auto const advantage = assign_credit();
    auto const summary = summarise(split_.train, advantage);
    optimise(advantage, summary, before);
    shares const after = records_.empty() ? before : records_.back().share;
    tell("trained on", before.train, after.train);
    tell("held out  ", before.held_out, after.held_out);
    files.commit(metrics_jsonl(summary, records_), draw_curves(before, records_));
    return {before, after};
  }

private:
  shares measure() const {
    return {measure_pair_share(model_, split_.train, options_.threads),
            measure_pair_share(model_, split_.held_out, options_.threads)};
  }

  void start() {
    std::size_t tokens = 0;
    for (auto const* text : split_.references) tokens += text->completion_tokens();
    auto const texts = static_cast<std::size_t>(options_.warm_start.steps) * options_.warm_start.texts_per_step;
    progress_bar bar{screen_, "warm start", static_cast<std::int64_t>(tokens * texts / split_.references.size())};
    auto const losses = warm_start(model_, split_.references, options_.warm_start, random_, options_.threads,
                                   [&](std::int64_t done) { bar.add(done); });
    bar.clear();
    if (losses.empty()) return;
    out_ << "warm start on " << split_.references.size() << " reference solutions: " << decimals(losses.front())
         << " -> " << decimals(losses.back()) << " nats per byte\n";
  }

  advantages assign_credit() {
    if (!options_.shuffle_advantages) return compute_advantages(split_.train, options_.advantage);
    auto const shuffled = with_shuffled_rewards(split_.train, random_);
    std::vector<scored_prompt const*> prompts;
    for (auto const& prompt : shuffled) prompts.push_back(&prompt);
    return compute_advantages(prompts, options_.advantage);
  }

  void optimise(advantages const& advantage, rollout_summary const& summary, shares const& before) {
    auto const tokens_per_epoch = std::int64_t(summary.mean_length * double(completions()) + 0.5);
    progress_bar bar{screen_, "training  ", tokens_per_epoch * options_.policy.epochs};
    out_ << "training on " << split_.train.size() << " prompts, " << split_.held_out.size() << " held out; pair share "
         << decimals(before.train.share) << " and " << decimals(before.held_out.share) << std::endl;
    optimise_policy(
        model_, split_.train, advantage, options_.policy, random_, options_.threads,
        [&](epoch_metrics const& metrics) {
          records_.push_back({metrics, measure()});
          bar.clear();
          if (!options_.quiet) out_ << metrics_line(summary, records_.back(), options_.policy.epochs) << std::endl;
        },
        [&](std::int64_t done) { bar.add(done); });
  }

  std::size_t completions() const {
    std::size_t count = 0;
    for (auto const* prompt : split_.train) count += prompt->completions.size();
    return count;
  }

  void tell(char const* which, pair_share const& before, pair_share const& after) {
    out_ << "pair share, prompts " << which << " before: " << share_text(before) << "\n";
    out_ << "pair share, prompts " << which << " after:  " << share_text(after) << "\n";
  }

  job_options const& options_;
  std::ostream& out_;
  progress_screen screen_;
  random_source random_;
  prompt_split split_;
  policy_model model_;
  std::vector<epoch_record> records_;
};

} // namespace

prompt_split split_prompts(std::span<scored_prompt const> prompts, split_options const& options,
                           random_source& random) {
  prompt_split split;
  std::vector<encoded_text const*> others;
  for (std::size_t const index : random.permutation(prompts.size())) {
    auto const& prompt = prompts[index];
    bool const wanted = !options.mixed_only || prompt.mixed();
    bool const train = wanted && split.train.size() < options.prompts;
    bool const hold = wanted && !train && split.held_out.size() < options.held_out;
    if (train) split.train.push_back(&prompt);
    if (hold) split.held_out.push_back(&prompt);
    if (!hold) (train ? split.references : others).push_back(&prompt.reference);
  }
  if (split.train.empty()) throw std::runtime_error{"there is no prompt to train on"};
  split.references.insert(split.references.end(), others.begin(), others.end());
  split.references.resize((std::min)(split.references.size(), (std::max)(options.warm_start_texts, std::size_t{1})));
  return split;
}

job_result run_job(job_options const& options, std::ostream& out, progress_screen screen) {
  auto const prompts = read_and_score(options.rollouts, out);
  run_files files{options.output};
  auto const result = job{options, out, screen, prompts}.run(files);
  out << "written: " << (options.output / "metrics.jsonl").string() << ", " << (options.output / "curves.svg").string()
      << "\n";
  return result;
}

} // namespace gsm8k
