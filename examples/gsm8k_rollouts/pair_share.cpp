// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "pair_share.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace gsm8k {
namespace {

struct won_pairs {
  double won = 0;
  double pairs = 0;
};

double mean(std::span<float const> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Mean log-prob of each completion of each prompt, one after another.
std::vector<double> mean_log_probs(policy_model const& model, std::span<scored_prompt const* const> prompts,
                                   std::size_t threads) {
  std::vector<encoded_text const*> texts;
  for (auto const* prompt : prompts)
    for (auto const& completion : prompt->completions) texts.push_back(&completion.text);
  auto const log_prob = token_log_probs(model, texts, threads);
  std::vector<double> means;
  std::size_t begin = 0;
  for (auto const* text : texts) {
    means.push_back(mean(std::span{log_prob}.subspan(begin, text->completion_tokens())));
    begin += text->completion_tokens();
  }
  return means;
}

won_pairs compare(scored_prompt const& prompt, std::span<double const> mean_log_prob) {
  won_pairs result;
  for (std::size_t i = 0; i < mean_log_prob.size(); ++i)
    for (std::size_t j = 0; j < mean_log_prob.size(); ++j)
      if (prompt.completions[i].reward > prompt.completions[j].reward) {
        ++result.pairs;
        result.won += mean_log_prob[i] > mean_log_prob[j] ? 1 : mean_log_prob[i] == mean_log_prob[j] ? 0.5 : 0;
      }
  return result;
}

double share_of(won_pairs total) { return total.won / total.pairs; }

/// Share of the pairs in as many prompts drawn with replacement, sorted over the draws.
std::vector<double> resampled_shares(std::span<won_pairs const> prompts) {
  random_source random{20240607}; // a fixed one: the interval is a function of the shares alone
  std::vector<double> shares(2000);
  for (auto& share : shares) {
    won_pairs total;
    for (std::size_t draw = 0; draw < prompts.size(); ++draw) {
      auto const& drawn = prompts[random.below(prompts.size())];
      total.won += drawn.won;
      total.pairs += drawn.pairs;
    }
    share = share_of(total);
  }
  std::sort(shares.begin(), shares.end());
  return shares;
}

} // namespace

pair_share measure_pair_share(policy_model const& model, std::span<scored_prompt const* const> prompts,
                              std::size_t threads) {
  auto const means = mean_log_probs(model, prompts, threads);
  std::vector<won_pairs> by_prompt;
  won_pairs total;
  std::size_t begin = 0;
  for (auto const* prompt : prompts) {
    auto const won = compare(*prompt, std::span{means}.subspan(begin, prompt->completions.size()));
    begin += prompt->completions.size();
    if (won.pairs == 0) continue;
    by_prompt.push_back(won);
    total.won += won.won;
    total.pairs += won.pairs;
  }
  double const none = std::numeric_limits<double>::quiet_NaN();
  if (by_prompt.empty()) return {none, none, none, 0, 0};
  auto const shares = resampled_shares(by_prompt);
  return {share_of(total), shares[49], shares[1949], static_cast<std::int64_t>(total.pairs),
          static_cast<std::int64_t>(by_prompt.size())};
}

} // namespace gsm8k
