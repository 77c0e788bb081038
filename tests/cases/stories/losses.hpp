// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Batches of log-probs, normalisers, and the stories of policy_loss.
#pragma once

#include <optional>
#include <string>

#include <cases/stories/tokens.hpp>

namespace stories {

/// Log-probs of a batch and its advantages, as numbers; the same for every type.
struct loss_batch {
  token_cells_of cells;
  std::vector<double> log_prob, old_log_prob, ref_log_prob, advantage, correction, sequence_advantage;

  loss_batch(token_shape const& shape, std::uint64_t seed, bool bad) : cells(shape, seed) {
    cases::random random(seed + 1);
    auto const broken = [&] { return bad && random.bits() % 19 == 0; };
    auto const fill = [&](auto f) { return cells.fill<double>(f); };
    log_prob = fill([&] { return random.uniform(-6, 0); });
    correction = fill([&] { return random.uniform(0, 2); });
    advantage = fill([&] { return broken() ? cohort::not_a_number : random.bits() % 8 == 0 ? 0 : random.normal(); });
    old_log_prob = ref_log_prob = log_prob;
    for (double& x : old_log_prob) x += broken() ? cohort::infinity : 0.3 * random.normal();
    for (double& x : ref_log_prob) x += 0.5 * random.normal();
    for (index_t r = 0; r < cells.rows(); ++r)
      sequence_advantage.push_back(random.bits() % 6 == 0 ? 0 : random.normal());
  }
};

/// The relative error of a ratio: (4 + |d|) u per token, that of a sum of them for a product.
inline double ratio_units(cohort::ratio_level level, index_t longest) {
  double const own = 4 + 1.8; // |log ratio| is less
  return level == cohort::ratio_level::sequence_product ? own * static_cast<double>(longest) : 2 * own;
}

/// What a normaliser counts, and from where.
enum class counted_by { own_tokens, tokens, tokens_in_memory, own_sequences, sequence_means, constant };

template <class Stage>
cohort::normalizer normalizer_of(counted_by by, Stage& on) {
  switch (by) {
  case counted_by::own_tokens:
    return cohort::by_tokens();
  case counted_by::tokens:
    return cohort::by_tokens(1000);
  case counted_by::tokens_in_memory:
    return cohort::by_tokens(on.input(std::vector<double>{500})).times(2);
  case counted_by::own_sequences:
    return cohort::by_sequences();
  case counted_by::sequence_means:
    return cohort::by_sequence_means();
  default:
    return cohort::by_constant(1024.0);
  }
}
/// The weight of the tokens of each row.
inline std::vector<double> weights_of(counted_by by, token_cells_of const& cells) {
  double sequences = 0;
  std::vector<double> tokens, weights;
  for (index_t r = 0; r < cells.rows(); ++r) tokens.push_back(static_cast<double>(cells.count(r)));
  for (double const n : tokens) sequences += n > 0;
  for (double const n : tokens) {
    double const divisor = by == counted_by::own_tokens       ? static_cast<double>(cells.count())
                           : by == counted_by::own_sequences  ? sequences
                           : by == counted_by::sequence_means ? sequences * n
                           : by == counted_by::constant       ? 1024.0
                                                              : 1000.0;
    weights.push_back(1 / std::fmax(1, divisor));
  }
  return weights;
}

struct loss_case {
  token_shape shape;
  counted_by by = counted_by::own_tokens;
  cohort::ratio_level level = cohort::ratio_level::token;
  cohort::log_ratio_bounds bounds{};
  bool per_token = true, correction = true, in_place = false, bad = false;
  std::uint64_t seed = 31;
};

/// For each token, the magnitudes that its derivative is a sum of: weight (|correction advantage| ratio + penalty); at
/// the sequence levels the largest of its sequence, and for a product the sum over its tokens.
inline std::vector<double> slopes_of(loss_batch const& b, loss_case const& what) {
  using level = cohort::ratio_level;
  std::vector<double> const weights = weights_of(what.by, b.cells);
  std::vector<double> slopes(static_cast<std::size_t>(b.cells.cells()), 0.0);
  for (index_t r = 0; r < b.cells.rows(); ++r) {
    auto const row = static_cast<std::size_t>(r);
    double const tokens = static_cast<double>(b.cells.count(r));
    double log_ratio = 0, largest = 0, own = 0;
    for (int pass = 0; pass < 2; ++pass)
      for (index_t t = b.cells.first(r); t < b.cells.first(r + 1); ++t) {
        auto const i = static_cast<std::size_t>(t);
        if (!b.cells.valid(t) || !std::isfinite(b.old_log_prob[i] - b.advantage[i])) continue;
        double const l = b.log_prob[i] - b.old_log_prob[i], away = std::fabs(b.log_prob[i] - b.ref_log_prob[i]);
        double const ratio = std::exp(std::fmin(std::fabs(what.level == level::token ? l : log_ratio), 9.0));
        double const of_sequence = b.sequence_advantage[row];
        double const advantage = what.per_token ? b.advantage[i] : of_sequence;
        own = std::fabs(advantage) * (what.correction ? b.correction[i] : 1) * ratio;
        if (pass == 0)
          log_ratio += what.level == level::sequence_product ? l : l / tokens;
        else
          slopes[i] = own + std::exp(away) + 1, largest += what.level == level::sequence_product ? own : 0;
        if (pass == 1 && what.level == level::sequence) largest = std::fmax(largest, own);
      }
    for (index_t t = b.cells.first(r); t < b.cells.first(r + 1); ++t)
      slopes[static_cast<std::size_t>(t)] = (slopes[static_cast<std::size_t>(t)] + largest) * weights[row];
  }
  return slopes;
}

template <class T, class Objective>
struct policy_loss_story {
  Objective f;
  loss_case what;

  template <class Stage>
  void operator()(Stage& on) const {
    loss_batch const b(what.shape, what.seed, what.bad);
    laid_out const lay(on, b.cells);
    double const units = 8 + ratio_units(what.level, b.cells.longest());
    std::vector<double> const slopes = slopes_of(b, what);
    double terms = 0;
    for (double const x : slopes) terms += x;
    budget allowed{.places = 1, .each = slopes};
    for (double& x : allowed.each) x *= 2 * units * roundoff<T>;
    auto const values = cases::in<T>(b.log_prob);
    auto const seed = what.in_place ? on.output_over("d_log_prob", values, allowed)
                                    : on.template output<T>("d_log_prob", b.cells.cells(), allowed);
    auto const log_prob = what.in_place ? cohort::view<T const, 1, typename Stage::space>(seed) : on.input(values);
    auto const old = on.input(cases::in<T>(b.old_log_prob)), ref = on.input(cases::in<T>(b.ref_log_prob));
    auto const advantage = on.input(cases::in<T>(b.advantage)), correction = on.input(cases::in<T>(b.correction));
    auto const of_sequences = on.input(cases::in<T>(b.sequence_advantage));
    auto const mask = on.input(b.cells.mask());
    double const count = static_cast<double>(b.cells.count());
    auto* const report = on.template report<cohort::loss_sums>("report", {roundoff<T>, count, terms, 2 * units});
    cohort::policy_loss_options const options{normalizer_of(what.by, on), what.level, what.bounds};
    using space = typename Stage::space;
    cohort::advantage_view<T, space> given = cohort::per_sequence(of_sequences);
    if (what.per_token) given = lay.template per_token<T>(advantage);
    cohort::policy_loss_inputs<T, space> in{.layout = lay.layout(),
                                            .log_prob = lay(log_prob),
                                            .old_log_prob = lay(old),
                                            .ref_log_prob = lay(ref),
                                            .advantage = given,
                                            .mask = lay.template mask<T>(mask)};
    if (what.correction) in.correction = lay(correction);
    on.run([&](auto& context) {
      cohort::policy_loss<T>(context, in, {.d_log_prob = lay(seed), .report = report}, f, options);
    });
  }
};
template <class T, class Objective>
policy_loss_story<T, Objective> loss_of(Objective f, loss_case what) {
  return {f, what};
}

template <class T, class F>
void each_level(F f, std::string const& name, loss_case what) {
  using level = cohort::ratio_level;
  std::string const levels[] = {"token", "sequence", "sequence_token", "sequence_product"};
  auto const ppo_k3 = cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.04});
  for (int i = 0; i < 4; ++i) {
    what.level = static_cast<level>(i);
    // A product over hundreds of tokens leaves every range; over a few it does not.
    if (what.level == level::sequence_product) what.bounds = {.low = -2, .high = 2};
    f("policy_loss, ppo_clip and k3, " + name + ", " + levels[i], loss_of<T>(ppo_k3, what));
  }
}

inline token_shape packed_tokens() { return {ragged_lengths(), true, 0, 0, 0.1}; }
inline token_shape padded_tokens() { return {random_lengths(40, 130, 3), false, 131, 5, 0.1}; }

template <class F>
void each_loss_story(F f) {
  token_shape const packed = packed_tokens(), padded = padded_tokens();
  each_level<float>(f, "float, packed", {packed});
  each_level<float>(f, "float, padded", {padded, counted_by::tokens_in_memory});
  each_level<double>(f, "double, padded", {padded, counted_by::sequence_means});
  auto const ppo_k3 = cohort::objective(cohort::ppo_clip{}, cohort::k3{.beta = 0.04});
  auto const with = [&](std::string const& which, loss_case const& c) {
    f("policy_loss<float>, ppo_clip and k3, " + which, loss_of<float>(ppo_k3, c));
  };
  with("by tokens", {padded, counted_by::tokens});
  with("by sequences", {padded, counted_by::own_sequences});
  with("by sequence means", {packed, counted_by::sequence_means});
  with("by a constant, advantages of sequences", {.shape = packed, .by = counted_by::constant, .per_token = false});
  with("no correction", {.shape = packed, .correction = false});
  with("in place", {.shape = padded, .in_place = true});
  with("bad values", {.shape = padded, .bad = true});
  with("bad values, packed", {.shape = packed, .by = counted_by::sequence_means, .bad = true});
  with("bounded ratios", {.shape = packed, .bounds = {.low = -0.3, .high = 0.3}});
  with("no token", {.shape = {{0, 0, 0}, true}});
  with("no valid token", {.shape = {{3, 4}, true, 0, 0, 2}});
}
/// Other objectives, apart so that they compile in a file of their own.
template <class F>
void each_objective_story(F f) {
  token_shape const packed = packed_tokens(), padded = padded_tokens();
  auto const by = [&](std::string const& which, auto const& objective) {
    f("policy_loss<float>, " + which, loss_of<float>(objective, {packed}));
  };
  by("ppo_clip alone", cohort::objective(cohort::ppo_clip{}));
  by("dual_clip and absolute_kl", cohort::objective(cohort::dual_clip{}, cohort::absolute_kl{.beta = 0.1}));
  by("cispo and k2", cohort::objective(cohort::cispo{.low = 0, .high = 1.28}, cohort::k2{.beta = 0.1}));
  by("sapo and k1", cohort::objective(cohort::sapo{}, cohort::k1{.beta = 0.1}));
}
} // namespace stories
