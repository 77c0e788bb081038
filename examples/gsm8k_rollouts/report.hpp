// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a run reports: a line of metrics per epoch, as text and as JSON, under the names that TRL gives them.
#pragma once

#include "pair_share.hpp"
#include "training.hpp"

#include <string>
#include <vector>

namespace gsm8k {

/// What does not change from epoch to epoch, since the rollouts do not.
struct rollout_summary {
  double reward;               ///< mean of the rewards behind the advantages: of completions, or of steps
  double reward_std;           ///< mean over groups of their standard deviation
  double frac_reward_zero_std; ///< share of groups in which they are all the same
  double mean_length;          ///< tokens of a completion
};

rollout_summary summarise(std::span<scored_prompt const* const> prompts, advantages const& advantage);

struct shares {
  pair_share train, held_out;
};

struct epoch_record {
  epoch_metrics metrics;
  shares share;
};

/// "epoch 1/8  loss -0.0123  kl 0.0004 ..."
std::string metrics_line(rollout_summary const& rollouts, epoch_record const& record, int epochs);

/// One JSON object per record and line. A value that does not exist is null.
std::string metrics_jsonl(rollout_summary const& rollouts, std::vector<epoch_record> const& records);

/// "0.6040 (95 % interval 0.4710 to 0.7360; 106 pairs of 32 prompts)"
std::string share_text(pair_share const& share);

} // namespace gsm8k
