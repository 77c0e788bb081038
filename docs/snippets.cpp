// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The snippets of the documentation, compiled and checked.
#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <vector>

using cohort::index_t;

namespace {

bool close(double found, double expected) { return std::abs(found - expected) < 1e-6; }

template <class X>
bool are(std::vector<X> const& found, std::initializer_list<double> expected) {
  auto e = expected.begin();
  for (std::size_t i = 0; i < found.size(); ++i, ++e)
    if (e == expected.end() || !close(static_cast<double>(found[i]), *e)) return false;
  return e == expected.end();
}

bool group_statistics() {
  cohort::reference_context context;
  // [group_statistics]
  std::vector<float> const reward{1.0F, 0.8F, 0.4F, 0.2F, 0.5F, 0.5F};
  std::vector<std::int32_t> const prompt_starts{0, 4, 6};
  std::vector<index_t> count(2);
  std::vector<double> mean(2), deviation(2);
  std::vector<std::uint8_t> zero_variance(2);
  cohort::group_statistics<float>(context, reward,
                                  {.count = count, .mean = mean, .std = deviation, .zero_variance = zero_variance},
                                  {.groups = cohort::group_offsets(prompt_starts), .ddof = 1});
  // count 4 2, mean 0.6 0.5, deviation 0.365148 0, zero_variance 0 1
  // [end]
  return are(count, {4, 2}) && are(mean, {0.6, 0.5}) && are(deviation, {0.365148, 0}) && are(zero_variance, {0, 1});
}

bool group_advantage() {
  cohort::reference_context context;
  // [group_advantage]
  std::vector<std::int64_t> const prompt{7, 7, 3, 7, 7, 3, 9}; // any integers, in any order
  std::vector<float> const reward{1.0F, 0.8F, 0.5F, 0.4F, 0.2F, 0.5F, 1.0F};
  std::vector<float> advantage(7);
  cohort::group_sums sums;
  cohort::group_advantage<float>(context, reward, {.advantage = advantage, .report = &sums},
                                 {.groups = cohort::group_ids(prompt), .ddof = 1, .epsilon = 1e-4}); // TRL's convention
  cohort::group_report const seen = cohort::read(context, &sums);
  // advantage 1.095145 0.547573 0 -0.547573 -1.095145 0 0
  // seen.groups 3, zero_variance 1 (prompt 3), singletons 1 (prompt 9)
  // [end]
  return are(advantage, {1.095145, 0.547573, 0, -0.547573, -1.095145, 0, 0}) && seen.groups == 3 &&
         seen.zero_variance == 1 && seen.singletons == 1;
}

bool conventions() {
  cohort::reference_context context;
  std::vector<float> const reward{1.0F, 0.8F, 0.4F, 0.2F};
  std::vector<float> verl(4), dr_grpo(4), rloo(4), open_instruct(4);
  // [conventions]
  using cohort::uniform_groups, cohort::scale, cohort::baseline;
  cohort::group_advantage(context, reward, verl, {.groups = uniform_groups{4}}); // the defaults: ddof 1, + 1e-6
  cohort::group_advantage(context, reward, dr_grpo, {.groups = uniform_groups{4}, .scale = scale::none});
  cohort::group_advantage(context, reward, rloo,
                          {.groups = uniform_groups{4}, .baseline = baseline::leave_one_out, .scale = scale::none});
  cohort::group_advantage(context, reward, open_instruct, {.groups = uniform_groups{4}, .ddof = 0, .epsilon = 1e-8});
  // [end]
  return are(verl, {1.095442, 0.547721, -0.547721, -1.095442}) && are(dr_grpo, {0.4, 0.2, -0.2, -0.4}) &&
         are(rloo, {0.533333, 0.266667, -0.266667, -0.533333}) &&
         are(open_instruct, {1.264911, 0.632456, -0.632456, -1.264911});
}

bool process_advantage() {
  cohort::reference_context context;
  // [process_advantage]
  // One prompt, two solutions of 4 and 5 tokens; the first has two steps, the second three.
  std::vector<std::int32_t> const sequence_offsets{0, 4, 9}, step_offsets{0, 2, 5}, step_end{1, 3, 0, 2, 4};
  std::vector<float> const step_reward{0.1F, 0.9F, 0.4F, 0.2F, 0.8F};
  std::vector<float> advantage(9);
  cohort::process_advantage<float>(
      context,
      {.layout = cohort::packed(sequence_offsets), .steps = cohort::step_list(step_offsets, step_end, step_reward)},
      {.advantage = advantage}, {.groups = cohort::uniform_groups{2}});
  // 0.125491 0.125491 1.317657 1.317657    -0.125491 0.125491 0.125491 1.003929 1.003929
  // [end]
  return are(advantage, {0.125491, 0.125491, 1.317657, 1.317657, -0.125491, 0.125491, 0.125491, 1.003929, 1.003929});
}

bool gae() {
  cohort::reference_context context;
  // [gae]
  // One sequence of four tokens; the second came from a tool and is masked.
  std::vector<float> const reward{0, 9, 0, 1}, value{0.5F, 9, 0.4F, 0.6F};
  std::vector<std::uint8_t> const mask{1, 0, 1, 1};
  std::vector<float> advantage(4), returns(4);
  cohort::token_counts counts;
  cohort::gae<float>(context, {.layout = cohort::padded{1, 4}, .reward = reward, .value = value, .mask = mask},
                     {.advantage = advantage, .returns = returns, .report = &counts}, {.gamma = 1, .lambda = 0.95});
  cohort::token_report const seen = cohort::read(context, &counts);
  // advantage 0.451 0 0.58 0.4, returns 0.951 0 0.98 1; seen.tokens 3
  // [end]
  return are(advantage, {0.451, 0, 0.58, 0.4}) && are(returns, {0.951, 0, 0.98, 1}) && seen.tokens == 3;
}

bool return_to_go() {
  cohort::reference_context context;
  // [return_to_go]
  // REINFORCE++: rewards per token, then returns, then whitening over the whole batch.
  std::vector<std::int32_t> const sequence_offsets{0, 3, 5};
  std::vector<float> const reward{-0.001F, 0.002F, 0.997F, -0.002F, -0.001F};
  std::vector<float> returns(5), advantage(5);
  cohort::return_to_go<float>(context, {.layout = cohort::packed(sequence_offsets), .reward = reward},
                              {.returns = returns}, {.gamma = 1});
  cohort::whiten<float>(context, {.layout = cohort::packed(sequence_offsets), .values = returns},
                        {.whitened = advantage});
  // returns 0.998 0.999 0.997 -0.003 -0.001, advantage 0.730296 0.732121 0.728470 -1.097269 -1.093618
  // [end]
  return are(returns, {0.998, 0.999, 0.997, -0.003, -0.001}) &&
         are(advantage, {0.730296, 0.732121, 0.728470, -1.097269, -1.093618});
}

bool whiten() {
  cohort::reference_context context;
  std::vector<float> const here{1, 2}, there{4, 5};
  std::vector<float> whitened(2);
  // [whiten]
  // Two ranks, or two micro-batches, with two tokens each.
  cohort::moment_sums own, other;
  cohort::moments<float>(context, {.layout = cohort::padded{1, 2}, .values = here}, &own);
  cohort::moments<float>(context, {.layout = cohort::padded{1, 2}, .values = there}, &other);
  cohort::moment_sums const whole = merge(own, other); // count 4, mean 3, square 10
  cohort::whiten<float>(context, {.layout = cohort::padded{1, 2}, .values = here}, {.whitened = whitened},
                        {.moments = &whole});
  // whitened -1.095445 -0.547723
  // [end]
  return are(whitened, {-1.095445, -0.547723}) && whole.count == 4 && close(whole.mean, 3) && close(whole.square, 10);
}

struct batch {
  std::vector<float> log_prob{-1.0F, -0.5F, -2.0F, -1.5F, -0.2F, -0.9F};
  std::vector<float> old_log_prob{-1.1F, -0.9F, -2.0F, -1.2F, -0.2F, -0.7F};
  std::vector<float> ref_log_prob{-1.3F, -0.6F, -2.5F, -1.5F, -0.1F, -0.9F};
  std::vector<float> advantage{1.0F, -1.0F};
  std::vector<std::uint8_t> mask{1, 1, 1, 1, 1, 0};
};

bool policy_loss() {
  cohort::reference_context context;
  auto const [log_prob, old_log_prob, ref_log_prob, advantage, mask] = batch{};
  std::vector<float> seed(6);
  // [policy_loss]
  cohort::loss_sums sums;
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = log_prob,
                              .old_log_prob = old_log_prob,
                              .ref_log_prob = ref_log_prob,
                              .advantage = cohort::per_sequence(advantage),
                              .mask = mask},
                             {.d_log_prob = seed, .report = &sums},
                             cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.04}),
                             {.normalizer = cohort::by_tokens(5)});
  cohort::loss_report const seen = cohort::read(context, &sums);
  // seen.loss, kl, approx_kl, clip_low, clip_high, ratio_min, ratio_mean, ratio_max, tokens, sequences ...
  // [end]
  // Row 0: ratios e^.1, e^.4 (clipped at 1.28), 1. Row 1, advantage -1: e^-.3 (clipped at 0.8), 1, masked.
  return seen.tokens == 5 && close(seen.clip_high, 0.2) && close(seen.clip_low, 0.2) &&
         close(seen.clip_high_max, 1.0 / 3) && seen.bad_slots == 0 && seed[5] == 0 &&
         close(seen.ratio_max, std::exp(0.4));
}

bool sequence_ratio() {
  cohort::reference_context context;
  auto const [log_prob, old_log_prob, ref_log_prob, advantage, mask] = batch{};
  std::vector<float> seed(6);
  cohort::loss_sums sums;
  // [sequence_ratio]
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = log_prob,
                              .old_log_prob = old_log_prob,
                              .advantage = cohort::per_sequence(advantage),
                              .mask = mask},
                             {.d_log_prob = seed, .report = &sums},
                             cohort::objective(cohort::ppo_clip{.low = 3e-4, .high = 4e-4}),
                             {.normalizer = cohort::by_sequence_means(2), .ratio = cohort::ratio_level::sequence});
  // [end]
  // Means of the log ratios: 0.5 / 3 and -0.15; both are clipped, so nothing is left of the gradient.
  cohort::loss_report const seen = cohort::read(context, &sums);
  return close(seen.ratio_max, std::exp(0.5 / 3)) && close(seen.ratio_min, std::exp(-0.15)) &&
         close(seen.clip_high, 0.6) && close(seen.clip_low, 0.4) && are(seed, {0, 0, 0, 0, 0, 0});
}

bool third_bounds() {
  cohort::reference_context context;
  std::vector<float> const log_prob{-1.0F}, old_log_prob{-2.5F}, advantage{-1.0F}; // ratio e^1.5 = 4.48
  std::vector<float> seed(1);
  cohort::loss_sums sums;
  auto const loss_of = [&](auto const& objective) {
    cohort::policy_loss<float>(context,
                               {.layout = cohort::padded{1, 1},
                                .log_prob = log_prob,
                                .old_log_prob = old_log_prob,
                                .advantage = cohort::per_sequence(advantage)},
                               {.d_log_prob = seed, .report = &sums}, objective, {.normalizer = cohort::by_tokens()});
    return cohort::read(context, &sums).loss;
  };
  // [dual_clip]
  auto const verl = cohort::objective(cohort::dual_clip{.low = 0.2, .high = 0.2, .cap = 3});
  // [end]
  // [two_sided_clip]
  auto const trl = cohort::objective(cohort::two_sided_clip{.low = 0.2, .high = 0.28, .delta = 4});
  // [end]
  return close(loss_of(verl), 3) && seed[0] == 0 && sums.clipped_cap == 1 && close(loss_of(trl), 4) && seed[0] == 0;
}

bool soft_surrogates() {
  cohort::reference_context context;
  batch const tokens;
  std::vector<float> seed(6);
  auto const seed_of = [&](auto const& objective, cohort::policy_loss_options const& options) {
    cohort::policy_loss<float>(context,
                               {.layout = cohort::padded{2, 3},
                                .log_prob = tokens.log_prob,
                                .old_log_prob = tokens.old_log_prob,
                                .advantage = cohort::per_sequence(tokens.advantage),
                                .mask = tokens.mask},
                               {.d_log_prob = seed}, objective, options);
    return seed;
  };
  // [cispo]
  auto const minimax = cohort::objective(cohort::cispo{.low = 0, .high = 5});
  auto const verl = cohort::objective(cohort::cispo{.low = 1 - 0.2, .high = 1 + 0.28});
  auto const policy_gradient = cohort::objective(cohort::cispo{.low = 1, .high = 1}); // -advantage * log_prob
  // [end]
  // [sapo]
  auto const soft = cohort::objective(cohort::sapo{.temperature_positive = 1, .temperature_negative = 1.05});
  // [end]
  // [vespo]
  auto const vespo = cohort::objective(cohort::vespo{});
  cohort::policy_loss_options const of_sequences{.normalizer = cohort::by_tokens(5),
                                                 .ratio = cohort::ratio_level::sequence_product};
  // [end]
  // [luspo]
  cohort::policy_loss_options const luspo{.normalizer = cohort::by_sequences(2),
                                          .ratio = cohort::ratio_level::sequence};
  // [end]
  // Ratios e^0.1, e^0.4, 1 and e^-0.3, 1; of the sequences e^0.5 and e^-0.3.
  cohort::policy_loss_options const sum{.normalizer = cohort::by_constant(1)};
  double const up = std::exp(0.1), far = std::exp(0.4), down = std::exp(-0.3);
  double const first = std::exp(2 * 0.5 + 3 * (1 - std::exp(0.5))), second = std::exp(-3 * 0.3 + 2 * (1 - down));
  double const whole = std::exp(0.5 / 3), half = std::exp(-0.15);
  auto const open = cohort::objective(cohort::ppo_clip{.low = 1, .high = 9});
  return are(seed_of(minimax, sum), {-up, -far, -1, down, 1, 0}) &&
         are(seed_of(verl, sum), {-up, -1.28, -1, 0.8, 1, 0}) &&
         are(seed_of(policy_gradient, sum), {-1, -1, -1, 1, 1, 0}) && close(seed_of(soft, sum)[2], -1) &&
         are(seed_of(vespo, of_sequences), {-first / 5, -first / 5, -first / 5, second / 5, second / 5, 0}) &&
         are(seed_of(open, luspo), {-whole / 2, -whole / 2, -whole / 2, half / 2, half / 2, 0});
}

bool penalties() {
  // [penalties]
  using namespace cohort;
  auto const verl = objective(dual_clip{}, clamped_kl<k3>{.beta = 0.001});                           // low_var_kl
  auto const verl_plus = objective(dual_clip{}, straight_through<clamped_kl<k3>>{.beta = 0.001});    // k3+
  auto const trl = objective(ppo_clip{.low = 0.2, .high = 0.2}, ratio_corrected<k3>{.beta = 0.001}); // DeepSeek-V3.2
  // [end]
  return verl.kl.limit == 10 && verl_plus.kl(-25.0, 0.0).slope == -25 && trl.kl.beta == 0.001;
}

bool importance_ratio() {
  cohort::reference_context context;
  auto const [log_prob, old_log_prob, ref_log_prob, advantage, mask] = batch{};
  // [importance_ratio]
  std::vector<float> ratio(6), sequence_ratio(2);
  cohort::ratio_sums sums;
  cohort::importance_ratio<float>(
      context, {.layout = cohort::padded{2, 3}, .log_prob = log_prob, .old_log_prob = old_log_prob, .mask = mask},
      {.ratio = ratio, .sequence_ratio = sequence_ratio, .report = &sums}, {.ratio = cohort::ratio_level::sequence});
  cohort::ratio_report const seen = cohort::read(context, &sums);
  // sequence_ratio 1.181360 0.860708; ratio has them at each valid token, 0 at the masked one
  // [end]
  // [correction]
  std::vector<float> weight(6); // min(exp(log_prob - old_log_prob), 2): old_log_prob is the sampler's
  cohort::importance_ratio<float>(
      context, {.layout = cohort::padded{2, 3}, .log_prob = log_prob, .old_log_prob = old_log_prob, .mask = mask},
      {.ratio = weight}, {.log_ratio = {.high = std::log(2.0)}});
  // [end]
  return are(sequence_ratio, {1.181360, 0.860708}) && ratio[5] == 0 && seen.tokens == 5 &&
         close(static_cast<double>(weight[1]), std::exp(0.4)) && weight[5] == 0;
}

bool value_loss() {
  cohort::reference_context context;
  // [value_loss]
  std::vector<float> const value{0.9F, 0.6F, 0.5F}, old_value{0.5F, 0.5F, 0.5F}, returns{1.0F, 0.2F, 0.5F};
  std::vector<float> d_value(3);
  cohort::value_sums sums;
  cohort::value_loss<float>(
      context, {.layout = cohort::padded{1, 3}, .value = value, .old_value = old_value, .returns = returns},
      {.d_value = d_value, .report = &sums}, cohort::squared_error{.clip = 0.2}, {.normalizer = cohort::by_tokens()});
  cohort::value_report const seen = cohort::read(context, &sums);
  // seen.loss 0.041667, clip_fraction 1/3, mean_value, mean_return, explained_variance ...; d_value 0 0.133333 0
  // [end]
  return std::abs(seen.loss - 0.125 / 3) < 1e-7 && close(seen.clip_fraction, 1.0 / 3) && are(d_value, {0, 0.4 / 3, 0});
}

bool ppo() {
  cohort::reference_context context;
  std::vector<float> const reward{0, 0, 1}, old_value{0.5F, 0.4F, 0.6F}, value = old_value;
  std::vector<float> const log_prob{-1, -2, -3}, old_log_prob = log_prob;
  std::vector<float> advantage(3), returns(3), d_log_prob(3), d_value(3);
  cohort::loss_sums policy;
  cohort::value_sums critic;
  // [ppo]
  // One sequence of three tokens, rewarded at its end. old_value and old_log_prob are those of the rollout.
  cohort::padded const tokens{1, 3};
  cohort::gae<float>(context, {.layout = tokens, .reward = reward, .value = old_value},
                     {.advantage = advantage, .returns = returns}, {.gamma = 1, .lambda = 0.95});
  cohort::whiten<float>(context, {.layout = tokens, .values = advantage}, {.whitened = advantage});
  // Then, in each epoch over the rollout, with the log-probs and values of now:
  cohort::policy_loss<float>(
      context,
      {.layout = tokens, .log_prob = log_prob, .old_log_prob = old_log_prob, .advantage = cohort::per_token(advantage)},
      {.d_log_prob = d_log_prob, .report = &policy}, cohort::objective(cohort::ppo_clip{}),
      {.normalizer = cohort::by_tokens()});
  cohort::value_loss<float>(context, {.layout = tokens, .value = value, .old_value = old_value, .returns = returns},
                            {.d_value = d_value, .report = &critic}, cohort::squared_error{.clip = 0.5},
                            {.normalizer = cohort::by_tokens()});
  // [end]
  // Before the first step every ratio is 1: the seed is -advantage / 3, and the advantages have mean 0.
  bool seeds = true;
  for (std::size_t i = 0; i < 3; ++i) {
    seeds = seeds && close(static_cast<double>(d_log_prob[i]), -static_cast<double>(advantage[i]) / 3);
    seeds = seeds && close(static_cast<double>(d_value[i]), static_cast<double>(value[i] - returns[i]) / 3);
  }
  return seeds && are(returns, {0.951, 0.98, 1}) && close(cohort::read(context, &policy).loss, 0) &&
         close(cohort::read(context, &critic).loss, (0.451 * 0.451 + 0.58 * 0.58 + 0.4 * 0.4) / 6);
}

bool normalizer() {
  cohort::reference_context context;
  auto const [log_prob, old_log_prob, ref_log_prob, advantage, mask] = batch{};
  std::vector<float> seed(6), whole(6);
  // [micro_batches]
  auto const row = [](auto& x, index_t r) { return std::span(x).subspan(static_cast<std::size_t>(3 * r), 3); };
  auto const f = cohort::objective(cohort::ppo_clip{});
  std::vector<std::int64_t> const all_tokens{5}; // of the whole batch, here in the context's memory
  cohort::loss_sums sums[2];
  for (index_t r = 0; r < 2; ++r) { // one sequence per micro-batch
    std::vector<float> const own{advantage[static_cast<std::size_t>(r)]};
    cohort::policy_loss<float>(context,
                               {.layout = cohort::padded{1, 3},
                                .log_prob = row(log_prob, r),
                                .old_log_prob = row(old_log_prob, r),
                                .advantage = cohort::per_sequence(own),
                                .mask = row(mask, r)},
                               {.d_log_prob = row(seed, r), .report = &sums[r]}, f,
                               {.normalizer = cohort::by_tokens(all_tokens)});
  }
  cohort::loss_sums const both = merge(sums[0], sums[1]);
  cohort::loss_report const seen = cohort::read(context, &both);
  // [end]
  cohort::loss_sums at_once;
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = log_prob,
                              .old_log_prob = old_log_prob,
                              .advantage = cohort::per_sequence(advantage),
                              .mask = mask},
                             {.d_log_prob = whole, .report = &at_once}, f, {.normalizer = cohort::by_tokens()});
  return seed == whole && std::abs(seen.loss - at_once.loss) < 1e-15 && seen.tokens == 5 && seen.sequences == 2;
}

bool token_log_prob() {
  cohort::reference_context context;
  // [token_log_prob]
  float logits[2][3] = {{2, 1, 0}, {0, 0, 0}}; // 2 tokens, a vocabulary of 3
  std::vector<std::int32_t> const token{0, 2};
  std::vector<float> log_prob(2), log_sum_exp(2);
  cohort::row_sums rows;
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token},
                                {.log_prob = log_prob, .log_sum_exp = log_sum_exp, .report = &rows});
  // ... policy_loss turns log_prob into the seeds d loss / d log_prob ...
  std::vector<float> const seed{1.0F, 0.0F};
  cohort::token_log_prob_backward<float>(context, {.logits = logits, .token = token, .d_log_prob = seed},
                                         {.d_logits = logits, .report = &rows}); // in place
  // log_prob -0.407606 -1.098612;  d_logits {0.334759, -0.244728, -0.090031}, {0, 0, 0}
  // [end]
  std::vector<float> const first(logits[0], logits[0] + 3), second(logits[1], logits[1] + 3);
  return are(log_prob, {-0.407606, -1.098612}) && are(first, {0.334759, -0.244728, -0.090031}) &&
         are(second, {0, 0, 0}) && cohort::read(context, &rows).rows == 2;
}

bool head_policy_gradient() {
  // [head_policy_gradient]
  float const hidden[4][2] = {{1, 0}, {0, 1}, {1, 1}, {2, -1}}; // 2 sequences of 2 tokens, width 2
  float const weights[3][2] = {{1, 0}, {0, 1}, {-1, 1}};        // a vocabulary of 3
  std::vector<std::int32_t> const token{0, 1, 2, 0};
  std::vector<float> const advantage{1, -1};
  std::vector<float> old_log_prob(4);
  cohort::eigen_context context{{.threads = 2}};

  // When the rollouts are scored: no gradient, no logits but a tile of them.
  cohort::head_log_prob_inputs<float, cohort::host_space> const scored{hidden, weights, {}, token};
  context.reserve(cohort::head_log_prob_workspace_bytes(scored));
  cohort::head_log_prob<float>(context, scored, {.log_prob = old_log_prob});

  // In the update: d_weights is added to.
  float d_hidden[4][2], d_weights[3][2] = {};
  cohort::logits_sums sums;
  cohort::head_policy_gradient_inputs<float, cohort::host_space> const in{.layout = cohort::padded{2, 2},
                                                                          .hidden = hidden,
                                                                          .weights = weights,
                                                                          .token = token,
                                                                          .old_log_prob = old_log_prob,
                                                                          .advantage = cohort::per_sequence(advantage)};
  cohort::head_policy_gradient_outputs<float, cohort::host_space> const out{
      .d_hidden = d_hidden, .d_weights = d_weights, .report = &sums};
  cohort::head_policy_gradient_options const options{.normalizer = cohort::by_tokens(4), .chunk_rows = 512};
  context.reserve(cohort::head_policy_gradient_workspace_bytes(in, out, options));
  cohort::head_policy_gradient<float>(context, in, out, cohort::objective(cohort::ppo_clip{}), options);
  double const loss = cohort::read(context, &sums).loss; // 0 before the first step: the advantages have mean 0
  // [end]
  // The first row by hand: its ratio is 1, so d_logits = -1 / 4 (1[v == 0] - p[v]).
  double const p0 = std::exp(1.0), p1 = 1, p2 = std::exp(-1.0), sum = p0 + p1 + p2;
  double const d0 = -(1 - p0 / sum) / 4, d1 = p1 / sum / 4, d2 = p2 / sum / 4;
  return close(old_log_prob[0], std::log(p0 / sum)) && close(d_hidden[0][0], d0 - d2) &&
         close(d_hidden[0][1], d1 + d2) && close(loss, 0);
}

bool distributions() {
  cohort::reference_context context;
  float const logits[2][3] = {{2, 1, 0}, {0, 0, 0}};
  std::vector<std::int32_t> const token{1, 2};
  // [distributions]
  std::vector<float> log_prob(2), entropy(2), sum_of_squares(2), probability(2);
  std::vector<std::int64_t> rank(2);
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token},
                                {.log_prob = log_prob,
                                 .entropy = entropy,
                                 .sum_of_squares = sum_of_squares,
                                 .probability = probability,
                                 .rank = rank});
  // log_prob -1.407606 -1.098612, probability 0.244728 0.333333, rank 2 1
  // entropy 0.832396 1.098612, sum_of_squares 0.510543 0.333333
  // [end]
  bool const plain = are(log_prob, {-1.407606, -1.098612}) && are(probability, {0.244728, 0.333333}) &&
                     are(rank, {2, 1}) && are(entropy, {0.832396, 1.098612}) &&
                     are(sum_of_squares, {0.510543, 0.333333});
  // [vocabulary_mask]
  // The sampler kept classes 0 and 1 of the first row, all of the second: one word of 32 classes for each row.
  std::uint32_t const kept[2][1] = {{0b011}, {0b111}};
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token, .vocabulary_mask = kept},
                                {.log_prob = log_prob, .entropy = entropy});
  // log_prob -1.313262 -1.098612, entropy 0.582203 1.098612
  // [end]
  return plain && are(log_prob, {-1.313262, -1.098612}) && are(entropy, {0.582203, 1.098612});
}

bool seeds_of_distributions() {
  cohort::reference_context context;
  float const logits[1][3] = {{2, 1, 0}};
  std::vector<std::int32_t> const token{0};
  // [seeds_of_distributions]
  // d loss / d logits of loss = log_prob - 0.5 * entropy, added to what is there.
  float d_logits[1][3] = {{1, 1, 1}};
  std::vector<float> const d_log_prob{1.0F}, d_entropy{-0.5F};
  cohort::token_log_prob_backward<float>(
      context, {.logits = logits, .token = token, .d_log_prob = d_log_prob, .d_entropy = d_entropy},
      {.d_logits = d_logits}, {.accumulate = true});
  // d_logits 1.476053 0.684886 0.839061
  // [end]
  return are(std::vector<float>(d_logits[0], d_logits[0] + 3), {1.476053, 0.684886, 0.839061});
}

struct logits_batch {
  // Two sequences of two tokens, a vocabulary of 3, rows of 4 columns: the last is padding.
  float logits[4][4] = {{2, 1, 0, 9}, {0, 0, 0, 9}, {0, 1, 2, 9}, {0, 0, 1, 9}};
  std::vector<std::int32_t> token{0, 2, 1, 0};
  std::vector<float> old_log_prob{-0.5F, -1.5F, -1.4F, -1.5F};
  std::vector<float> advantage{1.0F, 0.0F};
};

bool logits_policy_gradient() {
  cohort::reference_context context;
  auto [logits, token, old_log_prob, advantage] = logits_batch{};
  // [logits_policy_gradient]
  std::vector<float> log_prob(4);
  cohort::logits_sums sums;
  cohort::logits_policy_gradient<float>(context,
                                        {.layout = cohort::padded{2, 2},
                                         .logits = logits, // 4 x 4: row t scores token t
                                         .token = token,
                                         .old_log_prob = old_log_prob,
                                         .advantage = cohort::per_sequence(advantage)},              // 1 and 0
                                        {.d_logits = logits, .log_prob = log_prob, .report = &sums}, // in place
                                        cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}),
                                        {.normalizer = cohort::by_tokens(4), .vocabulary = 3});
  cohort::logits_report const seen = cohort::read(context, &sums);
  // seen.loss, seen.policy.ratio_mean, clip_high ...; seen.skipped 2: the second sequence was not read
  // log_prob -0.407606 -1.098612 NaN NaN
  // logits[0] -0.091791 0.067104 0.024686 0; the others 0: one ratio was clipped, two advantages are 0
  // [end]
  std::vector<float> const first(logits[0], logits[0] + 4);
  float others = 0;
  for (int t = 1; t < 4; ++t)
    for (float const x : logits[t]) others += std::abs(x);
  return seen.skipped == 2 && seen.policy.tokens == 2 && close(seen.policy.clip_high, 0.5) &&
         seen.rows_without_gradient == 1 && are(std::vector<float>{log_prob[0], log_prob[1]}, {-0.407606, -1.098612}) &&
         std::isnan(log_prob[2]) && are(first, {-0.091791, 0.067104, 0.024686, 0}) && others == 0;
}

bool live_rows() {
  cohort::reference_context context;
  auto [logits, token, old_log_prob, advantage] = logits_batch{};
  // [live_rows]
  std::vector<std::int64_t> live(4);
  cohort::logits_policy_gradient<float>(
      context,
      {.layout = cohort::padded{2, 2},
       .logits = logits,
       .token = token,
       .old_log_prob = old_log_prob,
       .advantage = cohort::per_sequence(advantage)},
      {.d_logits = logits, .live_rows = live}, cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}),
      {.normalizer = cohort::by_tokens(4), .vocabulary = 3, .zero_rows = cohort::zero_rows::leave});
  // live 0 -1 -1 -1: only row 0 was written; rows 1 to 3 of d_logits are not to be read
  // [end]
  return are(live, {0, -1, -1, -1}) && logits[3][2] == 1;
}

bool distribution_terms() {
  cohort::reference_context context;
  auto [logits, token, old_log_prob, advantage] = logits_batch{};
  float ref_logits[4][4] = {};
  cohort::logits_sums sums;
  // [distribution_terms]
  cohort::logits_policy_gradient<float>(
      context,
      {.layout = cohort::padded{2, 2},
       .logits = logits,
       .token = token,
       .old_log_prob = old_log_prob,
       .advantage = cohort::per_sequence(advantage),
       .ref_logits = ref_logits}, // 0 everywhere: a uniform reference
      {.d_logits = logits, .report = &sums}, cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}),
      {.normalizer = cohort::by_tokens(4), .entropy = {.coefficient = 0.01}, .distribution_kl = 0.02, .vocabulary = 3});
  cohort::logits_report const seen = cohort::read(context, &sums);
  // seen.entropy 0.934683, seen.distribution_kl 0.163929 = log 3 - entropy
  // seen.loss = seen.policy.loss - 0.01 * seen.entropy + 0.02 * seen.distribution_kl
  // [end]
  return seen.skipped == 0 && close(seen.distribution_kl, std::log(3.0) - seen.entropy) &&
         close(seen.entropy, 0.934683) &&
         close(seen.loss, seen.policy.loss - 0.01 * seen.entropy + 0.02 * seen.distribution_kl);
}

bool accumulate_policy_gradient() {
  cohort::reference_context context;
  // [accumulate_policy_gradient]
  float const scores[3][4] = {{1, 0, 2, 0}, {0, 1, 0, -1}, {9, 9, 9, 9}}; // d log_prob[n] / d parameter[d]
  std::vector<float> const seed{0.5F, -0.25F, 1.0F};                      // d_log_prob of policy_loss
  std::vector<std::uint8_t> const mask{1, 1, 0};
  std::vector<double> gradient(4, 0.0); // float or double; added to
  cohort::gradient_sums sums;
  cohort::accumulate_policy_gradient<float>(context, {.scores = scores, .d_log_prob = seed, .mask = mask},
                                            {.gradient = gradient, .report = &sums});
  cohort::gradient_report const seen = cohort::read(context, &sums);
  // gradient 0.5 -0.25 1 0.25; seen.tokens 2
  // [end]
  std::vector<double> const once = gradient;
  // [scores_from]
  auto const engine = [&](index_t first_token, index_t count, cohort::view<float, 2, cohort::host_space> rows) {
    for (index_t i = 0; i < count; ++i) // the engine's own backward of token first_token + i, into that row
      std::copy_n(scores[first_token + i], 4, rows.data + i * rows.stride[0]);
  };
  cohort::accumulate_policy_gradient<float>(context,
                                            {.scores = cohort::scores_from(engine), .d_log_prob = seed, .mask = mask},
                                            {.gradient = gradient}, {.chunk_tokens = 2});
  // [end]
  return are(once, {0.5, -0.25, 1, 0.25}) && are(gradient, {1, -0.5, 2, 0.5}) && seen.tokens == 2;
}

bool errors() {
  cohort::reference_context context;
  std::vector<float> const reward{1, 0, 1};
  std::vector<float> advantage(3, 7.0F);
  bool caught = false, counted = false;
  // [contract_error]
  try {
    cohort::group_advantage(context, reward, advantage, {.groups = cohort::uniform_groups{2}});
  } catch (cohort::contract_error const& e) {
    std::printf("%s\n", e.what()); // the function, the argument, the rule and the numbers
    caught = e.status().code == cohort::error_code::bad_group;
  }
  // [end]
  // [check]
  cohort::status const s = cohort::check_group_advantage<float>(context, reward, {.advantage = advantage},
                                                                {.groups = cohort::uniform_groups{2}});
  if (!s) std::printf("refused: %s\n", s.rule); // no exception, nothing written
  // [end]
  std::vector<float> const log_prob{-1, NAN}, old_log_prob{-1, -1}, one{1};
  std::vector<float> seed(2);
  cohort::loss_sums sums;
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{1, 2},
                              .log_prob = log_prob,
                              .old_log_prob = old_log_prob,
                              .advantage = cohort::per_sequence(one)},
                             {.d_log_prob = seed, .report = &sums}, cohort::objective(cohort::ppo_clip{}),
                             {.normalizer = cohort::by_tokens(2)});
  // [data_error]
  try {
    auto const seen = cohort::read(context, &sums);
    std::printf("%f\n", seen.loss);
  } catch (cohort::data_error const& e) {
    std::printf("%s\n", e.what());
    auto const seen = cohort::read(context, &sums, cohort::on_data_error::accept);
    counted = seen.bad_slots == 1 && seen.first_bad_slot == 1;
  }
  // [end]
  return caught && counted && !s && advantage[0] == 7 && seed[1] == 0 && seed[0] != 0;
}

bool workspace() {
  std::vector<std::int32_t> const prompt{1, 2, 1, 2};
  std::vector<float> const reward{1, 0, 0, 1};
  std::vector<float> advantage(4);
  // [workspace]
  cohort::reference_context context{{.workspace_bytes = 0}};
  cohort::group_advantage_options<cohort::host_space> const options{.groups = cohort::group_ids(prompt)};
  context.reserve(cohort::group_advantage_workspace_bytes(4, options)); // once, before the loop
  cohort::group_advantage(context, reward, advantage, options);
  // [end]
  return are(advantage, {0.707106, -0.707106, -0.707106, 0.707106});
}

bool kl_penalty() {
  cohort::reference_context context;
  std::vector<float> const log_prob{-1, -2}, ref_log_prob{-1.1F, -1.8F};
  std::vector<float> reward{0, 1};
  // [kl_penalty]
  cohort::penalty_sums sums;
  cohort::kl_penalty<float>(
      context, {.layout = cohort::padded{1, 2}, .log_prob = log_prob, .ref_log_prob = ref_log_prob, .reward = reward},
      {.reward = reward, .report = &sums}, cohort::k1{.beta = 0.05});
  double const divergence = cohort::read(context, &sums).kl; // what an adaptive coefficient looks at
  // [end]
  return are(reward, {-0.005, 1.01}) && close(divergence, -0.05);
}

} // namespace

int main() {
  struct {
    char const* name;
    bool good;
  } const snippets[] = {{"group_statistics", group_statistics()},
                        {"group_advantage", group_advantage()},
                        {"conventions", conventions()},
                        {"process_advantage", process_advantage()},
                        {"gae", gae()},
                        {"return_to_go", return_to_go()},
                        {"whiten", whiten()},
                        {"policy_loss", policy_loss()},
                        {"sequence_ratio", sequence_ratio()},
                        {"third_bounds", third_bounds()},
                        {"soft_surrogates", soft_surrogates()},
                        {"penalties", penalties()},
                        {"importance_ratio", importance_ratio()},
                        {"value_loss", value_loss()},
                        {"ppo", ppo()},
                        {"normalizer", normalizer()},
                        {"token_log_prob", token_log_prob()},
                        {"head_policy_gradient", head_policy_gradient()},
                        {"distributions", distributions()},
                        {"seeds_of_distributions", seeds_of_distributions()},
                        {"logits_policy_gradient", logits_policy_gradient()},
                        {"live_rows", live_rows()},
                        {"distribution_terms", distribution_terms()},
                        {"accumulate_policy_gradient", accumulate_policy_gradient()},
                        {"kl_penalty", kl_penalty()},
                        {"errors", errors()},
                        {"workspace", workspace()}};
  int bad = 0;
  for (auto const& s : snippets)
    if (!s.good) std::printf("%s: not what the documentation says\n", s.name), ++bad;
  return bad;
}
