// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The whole run: rollouts, rewards, advantages, warm start, policy optimisation, report.
#pragma once

#include "advantages.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "training.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <vector>

namespace gsm8k {

struct split_options {
  std::size_t prompts = 32;           ///< trained on
  std::size_t held_out = 32;          ///< looked at only; as many as there are
  bool mixed_only = false;            ///< leave out prompts whose completions are all right or all wrong
  std::size_t warm_start_texts = 128; ///< reference solutions, those of held-out prompts never among them
};

struct job_options {
  std::filesystem::path rollouts;
  std::filesystem::path output = "out";
  std::uint64_t seed = 1;
  std::size_t threads = 1;
  bool shuffle_advantages = false;
  bool quiet = false;
  model_shape model;
  split_options split;
  advantage_options advantage;
  warm_start_options warm_start;
  policy_options policy;
};

/// Prompts drawn at random; everything points into what it was drawn from.
struct prompt_split {
  std::vector<scored_prompt const*> train, held_out;
  std::vector<encoded_text const*> references;
};

/// Errors   std::runtime_error: no prompt to train on.
prompt_split split_prompts(std::span<scored_prompt const> prompts, split_options const& options, random_source& random);

struct job_result {
  shares before, after;
};

/// Writes metrics.jsonl and curves.svg into options.output when all is done, and nothing there if it fails.
/// Errors   malformed_rollouts, std::runtime_error: a file cannot be read or written.
job_result run_job(job_options const& options, std::ostream& out, progress_screen screen);

} // namespace gsm8k
