// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A batch of rows of logits, the oracle's opinion of it, and calls on it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "context.cuh"
#include "measure.cuh"
#include "oracle.cuh"
#include "random.cuh"

namespace bench {

template <class L>
inline constexpr char const* kind_of = std::is_same_v<L, cohort::bfloat16> ? "bf16"
                                       : std::is_same_v<L, cohort::half>   ? "fp16"
                                                                           : "fp32";

/// rows x columns tokens. 30 % of them are padding and 40 % of the sequences have advantage 0, where it is a `mix`.
struct logits_shape {
  index_t rows, columns, vocabulary;
  bool mix = false;
  double deviation = 2, raised = 12; ///< of the logits; of the token's own above the others: 0 is a flat softmax
  [[nodiscard]] index_t tokens() const { return rows * columns; }
  /// Valid tokens of a sequence: all, or seven tenths on average.
  [[nodiscard]] index_t length(index_t row) const {
    return mix ? columns * 7 / 10 + (row % 7 - 3) * columns / 16 : columns;
  }
};

template <class L>
struct logits_batch {
  logits_shape shape;
  buffer<L> original;
  buffer<index_t> token;
  buffer<std::uint8_t> mask;
  buffer<float> advantage, token_advantage, old_log_prob, ref_log_prob;
  std::vector<row_truth> truth;
  std::vector<float> advantages, old_log_probs, ref_log_probs;

  logits_batch(session& run, logits_shape s)
      : shape(s), original(s.tokens() * s.vocabulary), token(s.tokens()), mask(s.tokens()), advantage(s.rows),
        token_advantage(s.tokens()), old_log_prob(s.tokens()), ref_log_prob(s.tokens()) {
    generate(run.stream(), token, token_numbers{2, s.vocabulary});
    generate(run.stream(), original,
             logit_numbers{s.vocabulary, {2, s.vocabulary}, unit_of(s.deviation), static_cast<float>(s.raised)});
    generate(run.stream(), advantage, advantage_numbers{s.mix ? 2 : 0});
    run.wait();
    truth = truth_of(original, s.vocabulary, token);
    policies();
  }
  [[nodiscard]] double bytes() const { return static_cast<double>(original.bytes()); }
  [[nodiscard]] bool valid(index_t t) const { return t % shape.columns < shape.length(t / shape.columns); }

private:
  /// The policies that sampled and that is kept near: the log-probs of now, and noise.
  void policies() {
    advantages = advantage.download();
    std::vector<std::uint8_t> valid_tokens;
    std::vector<float> spread;
    for (index_t t = 0; t < shape.tokens(); ++t) {
      double const log_prob = truth[static_cast<std::size_t>(t)].log_prob;
      old_log_probs.push_back(static_cast<float>(log_prob) + random_normal(t, 7, unit_of(0.15)));
      ref_log_probs.push_back(static_cast<float>(log_prob) + random_normal(t, 8, unit_of(0.1)));
      valid_tokens.push_back(valid(t) ? 1 : 0);
      spread.push_back(advantages[static_cast<std::size_t>(t / shape.columns)]);
    }
    old_log_prob.upload(old_log_probs);
    ref_log_prob.upload(ref_log_probs);
    mask.upload(valid_tokens);
    token_advantage.upload(spread);
  }
};

/// Which objective: its oracle and its arguments.
struct logits_objective {
  token_policy policy{};
  bool of_sequences = false; ///< the ratio of a sequence: the mean of its log ratios
};

struct logits_truth {
  std::vector<gradient_row> rows;
  double loss = 0, kl = 0, clipped = 0, live = 0, tokens = 0;
};

/// Mean over the valid tokens.
template <class L>
logits_truth truth_of(logits_batch<L> const& b, logits_objective const& f) {
  logits_truth out;
  auto const n = static_cast<std::size_t>(b.shape.tokens());
  out.rows.assign(n, {0, false});
  std::vector<double> log_ratio(n);
  for (std::size_t t = 0; t < n; ++t) log_ratio[t] = b.truth[t].log_prob - static_cast<double>(b.old_log_probs[t]);
  for (index_t r = 0; f.of_sequences && r < b.shape.rows; ++r) {
    auto const first = log_ratio.begin() + r * b.shape.columns, last = first + b.shape.length(r);
    double mean = 0;
    for (auto i = first; i != last; ++i) mean += *i / static_cast<double>(last - first);
    std::fill(first, last, mean);
  }
  for (std::size_t t = 0; t < n; ++t) out.tokens += b.valid(static_cast<index_t>(t)) ? 1 : 0;
  for (std::size_t t = 0; t < n; ++t) {
    if (!b.valid(static_cast<index_t>(t))) continue;
    auto const advantage = static_cast<double>(b.advantages[t / static_cast<std::size_t>(b.shape.columns)]);
    if (advantage == 0 && f.policy.beta == 0) continue;
    auto const x = f.policy(log_ratio[t], advantage, static_cast<double>(b.ref_log_probs[t]) - b.truth[t].log_prob);
    out.rows[t] = {x.slope / out.tokens, x.near_edge};
    out.loss += x.value / out.tokens;
    out.kl += x.kl;
    out.clipped += x.low || x.high ? 1 : 0;
    out.live += 1;
  }
  return out;
}

/// Fills in what differs from the oracle, and refuses what differs by too much.
template <class L>
void judge_gradient(candidate& who, logits_batch<L> const& b, buffer<L> const& gradient, logits_truth const& wanted,
                    double loss, bool zeros_left = false) {
  auto rows = wanted.rows;
  for (auto& row : rows) row.left_out = row.left_out || (zeros_left && row.slope == 0);
  auto const e = gradient_error_of(b.original, gradient, b.shape.vocabulary, b.token, b.truth, rows);
  double const loss_error = std::fabs(loss - wanted.loss) / (std::max)(1.0, std::fabs(wanted.loss));
  who.errors = {{"missed", e.missed}, {"gradient", e.largest}, {"row_sum", e.sum}, {"loss", loss_error}};
  who.loss = loss;
  who.accepted = e.missed <= 1e-3 && e.largest <= (sizeof(L) == 2 ? 0x1p-7 : 1e-4) && loss_error <= 1e-5;
}

[[nodiscard]] inline std::string name_of(logits_shape const& s, char const* kind, char const* what) {
  return std::string(kind) + "/" + std::to_string(s.tokens()) + "x" + std::to_string(s.vocabulary) + "/" + what;
}

} // namespace bench
