// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "report.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace gsm8k {
namespace {

using json = nlohmann::ordered_json;

json metrics_of(rollout_summary const& rollouts, epoch_record const& record) {
  epoch_metrics const& m = record.metrics;
  return {{"epoch", m.epoch},
          {"loss", m.loss},
          {"kl", m.kl},
          {"clip_ratio/low_mean", m.clip_low_mean},
          {"clip_ratio/high_mean", m.clip_high_mean},
          {"frac_reward_zero_std", rollouts.frac_reward_zero_std},
          {"reward", rollouts.reward},
          {"reward_std", rollouts.reward_std},
          {"grad_norm", m.gradient_norm},
          {"pair_share/train", record.share.train.share},
          {"pair_share/held_out", record.share.held_out.share}};
}

json more_metrics_of(rollout_summary const& rollouts, epoch_record const& record) {
  epoch_metrics const& m = record.metrics;
  return {{"pair_share/train_low", record.share.train.low},
          {"pair_share/train_high", record.share.train.high},
          {"pair_share/held_out_low", record.share.held_out.low},
          {"pair_share/held_out_high", record.share.held_out.high},
          {"clip_ratio/low_min", m.clip_low_min},
          {"clip_ratio/high_max", m.clip_high_max},
          {"clip_ratio/region_mean", m.clip_low_mean + m.clip_high_mean},
          {"approx_kl", m.approx_kl},
          {"ratio_mean", m.ratio_mean},
          {"completions/mean_length", rollouts.mean_length},
          {"num_tokens", m.tokens}};
}

std::string number(double value) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.4f", value);
  return digits.data();
}

} // namespace

rollout_summary summarise(std::span<scored_prompt const* const> prompts, advantages const& advantage) {
  double tokens = 0, completions = 0;
  for (auto const* prompt : prompts)
    for (auto const& completion : prompt->completions) {
      tokens += static_cast<double>(completion.text.completion_tokens());
      ++completions;
    }
  cohort::group_report const& groups = advantage.groups;
  return {groups.reward, groups.reward_std, groups.fraction_zero_variance, tokens / completions};
}

std::string metrics_line(rollout_summary const& rollouts, epoch_record const& record, int epochs) {
  std::string line = "epoch " + std::to_string(record.metrics.epoch) + "/" + std::to_string(epochs);
  json const metrics = metrics_of(rollouts, record);
  for (auto const& [name, value] : metrics.items())
    if (name != "epoch") line += "  " + name + " " + number(value.get<double>());
  return line;
}

std::string metrics_jsonl(rollout_summary const& rollouts, std::vector<epoch_record> const& records) {
  std::string lines;
  for (auto const& record : records) {
    json metrics = metrics_of(rollouts, record);
    metrics.update(more_metrics_of(rollouts, record));
    lines += metrics.dump() + "\n";
  }
  return lines;
}

std::string share_text(pair_share const& share) {
  if (share.pairs == 0) return "no pair";
  return number(share.share) + " (95 % interval " + number(share.low) + " to " + number(share.high) + "; " +
         std::to_string(share.pairs) + " pairs of " + std::to_string(share.prompts) + " prompts)";
}

} // namespace gsm8k
