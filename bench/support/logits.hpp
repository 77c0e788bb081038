// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Batches of logits, and the calls that everybody is measured at.
#pragma once

#include <algorithm>
#include <any>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/workload.hpp>

namespace bench {

template <class L>
L as_logit(float x) {
  if constexpr (std::same_as<L, float>)
    return x;
  else
    return cohort::to_bfloat16(x);
}
inline float as_float(float x) { return x; }
inline float as_float(cohort::bfloat16 x) { return cohort::to_float(x); }

/// Who wrote what: tokens, advantages, a mask; the policy's log-probs are those of its logits and a tenth of noise away
/// from the old ones, so that about one token in a hundred is clipped.
struct policy_batch {
  cohort::index_t tokens = logits::tokens(), rows = tokens / logits::columns, vocabulary;
  std::vector<std::int64_t> token;
  std::vector<float> old_log_prob, advantage, log_prob, log_sum_exp, entropy, d_log_prob;
  std::vector<float> mixed_advantage;
  std::vector<std::uint8_t> mixed_mask;
  std::vector<std::int64_t> live_rows;

  explicit policy_batch(cohort::index_t v) : vocabulary(v) {
    auto const n = static_cast<std::size_t>(tokens);
    std::mt19937 generator(5);
    std::uniform_int_distribution<std::int64_t> draw(0, vocabulary - 1);
    token.resize(n);
    for (auto& id : token) id = draw(generator);
    log_prob.resize(n), log_sum_exp.resize(n), entropy.resize(n), d_log_prob.resize(n), live_rows.resize(n);
    old_log_prob = normal(n, 6);
    advantage = normal(static_cast<std::size_t>(rows), 7);
    mix();
  }
  [[nodiscard]] static cohort::index_t count(std::vector<std::uint8_t> const& mask) {
    return std::count(mask.begin(), mask.end(), std::uint8_t{1});
  }

private:
  /// 30 % of the tokens are padding, and 40 % of the others belong to sequences without an advantage.
  void mix() {
    constexpr cohort::index_t lengths[8] = {32, 28, 26, 24, 22, 20, 16, 11};
    mixed_advantage = advantage;
    mixed_mask.resize(token.size());
    for (cohort::index_t r = 0; r < rows; ++r) {
      auto const first = static_cast<std::size_t>(r * logits::columns);
      std::fill_n(&mixed_mask[first], lengths[r % 8], std::uint8_t{1});
      if (r % 8 >= 2 && r % 8 <= 4) mixed_advantage[static_cast<std::size_t>(r)] = 0;
    }
  }
};

inline constexpr auto surrogate = cohort::objective(cohort::ppo_clip{.low = logits::low, .high = logits::high});

/// Logits that calls may destroy: copies, taken in turn so that no cache holds the next one, and restored.
template <class L>
struct logits_batch : policy_batch {
  using matrix = cohort::view<L, 2, cohort::host_space>;
  buffer<L> original;
  std::vector<buffer<L>> work;

  explicit logits_batch(cohort::index_t v) : policy_batch(v) {
    auto const n = static_cast<std::size_t>(tokens * vocabulary);
    auto const x = many_normal(n, 1);
    original.resize(n);
    std::transform(x.begin(), x.end(), original.begin(), [](float value) { return as_logit<L>(2 * value); });
    for (cohort::index_t t = 0; t < tokens; t += 2) // every other row is peaked at its token
      original[static_cast<std::size_t>(t * vocabulary + token[static_cast<std::size_t>(t)])] = as_logit<L>(19.0F);
    work.assign((std::max)(std::size_t{2}, copies(n * sizeof(L))), original);
    cohort::eigen_context context{{.threads = thread_counts().back()}};
    cohort::token_log_prob<L>(context, {.logits = view(original), .token = token},
                              {.log_prob = log_prob, .log_sum_exp = log_sum_exp, .entropy = entropy});
    for (std::size_t t = 0; t < token.size(); ++t) old_log_prob[t] = log_prob[t] + 0.1F * old_log_prob[t];
  }

  [[nodiscard]] matrix view(buffer<L>& x) const { return {x.data(), {tokens, vocabulary}, {vocabulary, 1}}; }
  [[nodiscard]] double bytes() const { return static_cast<double>(original.size() * sizeof(L)); }

  /// The next copy, for who does not destroy it.
  buffer<L>& next() { return work[turn_++ % work.size()]; }
  /// The next copy, to be destroyed; outside of the time all of them are restored when each had its turn.
  buffer<L>& next(benchmark::State& state) {
    if (destroyed_ == work.size()) {
      state.PauseTiming();
      restore();
      state.ResumeTiming();
    }
    return work[destroyed_++];
  }
  void restore() {
    for (auto& copy : work) std::copy(original.begin(), original.end(), copy.begin());
    destroyed_ = 0;
  }

private:
  std::size_t turn_ = 0, destroyed_ = 0;
};

inline std::any& held_batch() {
  static std::any held;
  return held;
}

/// The batch of this size, made when it is first asked for; one at a time.
template <class Batch>
Batch& batch_of(cohort::index_t vocabulary) {
  std::any& held = held_batch();
  auto* found = std::any_cast<std::shared_ptr<Batch>>(&held);
  if (found && (*found)->vocabulary == vocabulary) return **found;
  held.reset();
  return *held.emplace<std::shared_ptr<Batch>>(std::make_shared<Batch>(vocabulary));
}

/// Loss and gradient of the whole batch by ours, from `in` to `out`.
template <class L>
void run_logits(cohort::eigen_context& context, logits_batch<L>& b, buffer<L>& in, buffer<L>& out,
                cohort::logits_sums& report, cohort::ratio_level ratio = cohort::ratio_level::token) {
  cohort::logits_policy_gradient<L>(context,
                                    {.layout = cohort::padded{b.rows, logits::columns},
                                     .logits = b.view(in),
                                     .token = b.token,
                                     .old_log_prob = b.old_log_prob,
                                     .advantage = cohort::per_sequence(b.advantage)},
                                    {.d_logits = b.view(out), .log_prob = b.log_prob, .report = &report}, surrogate,
                                    {.normalizer = cohort::by_tokens(b.tokens), .ratio = ratio});
}
/// The same of the mix: what has no gradient is zeroed, or left alone and listed.
template <class L>
void run_mix(cohort::eigen_context& context, logits_batch<L>& b, buffer<L>& in, cohort::logits_sums& report,
             cohort::zero_rows zero_rows) {
  bool const listed = zero_rows == cohort::zero_rows::leave;
  cohort::logits_policy_gradient<L>(
      context,
      {.layout = cohort::padded{b.rows, logits::columns},
       .logits = b.view(in),
       .token = b.token,
       .old_log_prob = b.old_log_prob,
       .advantage = cohort::per_sequence(b.mixed_advantage),
       .mask = b.mixed_mask},
      {.d_logits = b.view(in),
       .log_prob = b.log_prob,
       .live_rows = listed ? cohort::optional_view<std::int64_t, 1, cohort::host_space>(b.live_rows)
                           : cohort::optional_view<std::int64_t, 1, cohort::host_space>(),
       .report = &report},
      surrogate, {.normalizer = cohort::by_tokens(policy_batch::count(b.mixed_mask)), .zero_rows = zero_rows});
}
/// The same in two sweeps, as three calls: every row is read twice.
template <class L>
double run_two_sweeps(cohort::eigen_context& context, logits_batch<L>& b, buffer<L>& in) {
  cohort::loss_sums report;
  cohort::token_log_prob<L>(context, {.logits = b.view(in), .token = b.token},
                            {.log_prob = b.log_prob, .log_sum_exp = b.log_sum_exp});
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{b.rows, logits::columns},
                              .log_prob = b.log_prob,
                              .old_log_prob = b.old_log_prob,
                              .advantage = cohort::per_sequence(b.advantage)},
                             {.d_log_prob = b.d_log_prob, .report = &report}, surrogate,
                             {.normalizer = cohort::by_tokens(b.tokens)});
  cohort::token_log_prob_backward<L>(
      context, {.logits = b.view(in), .token = b.token, .log_sum_exp = b.log_sum_exp, .d_log_prob = b.d_log_prob},
      {.d_logits = b.view(in)});
  return report.loss;
}

} // namespace bench
