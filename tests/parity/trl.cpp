// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// TRL's losses in our words: its options on the left, ours on the right.
#include <algorithm>
#include <cmath>

#include <parity/recipe.hpp>

namespace parity {

namespace {

using std::optional, std::string;

/// loss_type -> normaliser: docs/which_normaliser.md.
optional<cohort::normalizer> normalizer_of(dictionary const& o, double rows) {
  string const type = o.text("loss_type");
  double const steps = o.number("gradient_accumulation_steps"), window = o.number("steps_per_generation");
  if (type == "grpo" || type == "sapo") return cohort::by_sequence_means(rows).times(steps);
  if (type == "bnpo") return cohort::by_tokens().times(steps);
  if (type == "dr_grpo") return cohort::by_constant(rows * o.number("max_completion_length")).times(steps);
  if (type == "dapo" || type == "cispo" || type == "vespo")
    return cohort::by_tokens(std::fmax(o.number("num_items_in_batch"), 1)).times(steps / window);
  if (type == "luspo") return cohort::by_sequences(rows).times(steps);
  return {};
}

surrogate surrogate_of(dictionary const& o) {
  double const low = o.number("epsilon_low"), high = o.number("epsilon_high");
  if (o.text("loss_type") == "sapo")
    return any_surrogate(cohort::sapo{o.data("sapo_temperature")[0], o.data("sapo_temperature")[1]});
  if (o.has("delta")) return any_surrogate(cohort::two_sided_clip{low, high, o.number("delta")});
  return any_surrogate(cohort::ppo_clip{low, high});
}

bool is_vespo(dictionary const& o) { return o.text("loss_type") == "vespo"; }

/// CISPO has no lower bound.
weighted_surrogate weighted_of(dictionary const& o) {
  if (!is_vespo(o)) return any_surrogate(cohort::cispo{.low = 0, .high = o.number("epsilon_high")});
  auto const& x = o.data("vespo");
  return any_surrogate(cohort::vespo{x[0], x[1], x[2], x[3]});
}

template <class Surrogate>
any_objective with_k3(Surrogate const& f, double beta) {
  if (beta == 0) return cohort::objective(f);
  return cohort::objective(f, any_penalty(cohort::k3{beta}));
}

any_objective objective_of(dictionary const& o) {
  double const beta = o.number("beta");
  if (is_vespo(o) || o.text("loss_type") == "cispo") return with_k3(weighted_of(o), beta);
  if (o.number("use_bias_correction_kl") != 0)
    return cohort::objective(surrogate_of(o), any_penalty(unbiased_k3{beta}));
  return with_k3(surrogate_of(o), beta);
}

bool is_sequence(dictionary const& o) { return o.text("importance_sampling_level") == "sequence"; }

cohort::policy_loss_options options_of(dictionary const& o, cohort::normalizer const& by) {
  using level = cohort::ratio_level;
  if (is_vespo(o)) return {by, level::sequence_product, {.low = std::log(1e-8), .high = 20}};
  return {by, is_sequence(o) ? level::sequence : level::token};
}

/// What is not ours yet.
bool needs_more(dictionary const& o) { return o.has("off_policy_mask_threshold"); }

/// TRL holds the ratio at delta before it counts: with delta < 1 + epsilon_high nothing is ever above the bound.
bool is_narrow(dictionary const& o) { return o.has("delta") && o.number("delta") < 1 + o.number("epsilon_high"); }

/// TRL's clip ratios: over tokens, or over rows (those without a token among them) where the whole row is clipped.
std::vector<metric> metrics_of(dictionary const& o, double rows) {
  using report = cohort::loss_report;
  bool const by_row = is_sequence(o) && o.text("advantage") == "advantage";
  auto const of_rows = [=](report const& r, double by_sequence) {
    return by_sequence * static_cast<double>(r.sequences) / rows;
  };
  auto const low = [=](report const& r) { return by_row ? of_rows(r, r.clip_low_by_sequence) : r.clip_low; };
  auto const high = [=](report const& r) { return by_row ? of_rows(r, r.clip_high_by_sequence) : r.clip_high; };
  std::vector<metric> all{{"metrics/kl", [](report const& r) { return r.kl; }},
                          {"metrics/clip_ratio/low_mean", low},
                          {"metrics/clip_ratio/low_min", [](report const& r) { return r.clip_low_min; }}};
  if (is_narrow(o)) return all;
  all.push_back({"metrics/cispo_clip_ratio", [](report const& r) { return r.clip_high; }});
  all.push_back({"metrics/clip_ratio/high_mean", high});
  all.push_back({"metrics/clip_ratio/region_mean", [=](report const& r) { return low(r) + high(r); }});
  all.push_back({"metrics/clip_ratio/high_max", [](report const& r) { return r.clip_high_max; }});
  return all;
}

std::map<string, string> not_compared(dictionary const& o) {
  std::map<string, string> all{{"metrics/entropy", "compared where the case is one of logits"},
                               {"metrics/entropy_coef", "what went in"}};
  if (is_narrow(o))
    for (char const* name : {"high_mean", "region_mean", "high_max"})
      all[string("metrics/clip_ratio/") + name] = "TRL holds the ratio at delta before it counts (peer_defects.cpp)";
  return all;
}

values correction_of(engine& e, dictionary const& o) {
  string const weights = o.text("importance_sampling_ratio");
  if (weights.empty()) return {};
  if (weights == "is_weights" || weights == "zeros") {
    values x = trl().input("is_weights");
    if (weights == "zeros") x[1] = 0;
    return x;
  }
  return e.importance_ratio({.frame = frame_of(trl(), o.text("mask")),
                             .log_prob = trl().input("old_log_prob"),
                             .old_log_prob = trl().input("sampler_log_prob"),
                             .options = {.log_ratio = {.high = std::log(3.0)}}}); // at most 3
}

loss_call loss_of(dictionary const& o, cohort::normalizer const& by) {
  string const advantage = o.text("advantage");
  return {.frame = frame_of(trl(), o.text("mask")),
          .log_prob = trl().input("log_prob"),
          .old_log_prob = trl().input(o.text("old")),
          .ref_log_prob = trl().input("ref_log_prob"),
          .advantage = trl().input(advantage),
          .advantage_per_token = advantage == "token_advantage",
          .objective = objective_of(o),
          .options = options_of(o, by)};
}

/// VESPO's ratio is to the policy of the sampler: its correction is part of the old log-prob.
loss_call corrected(loss_call call, dictionary const& o, values const& weights) {
  if (!is_vespo(o)) {
    call.correction = weights;
    return call;
  }
  for (std::size_t i = 0; i < weights.size(); ++i)
    call.old_log_prob[i] -= std::fmin(std::fmax(std::log(weights[i]), std::log(1e-8)), 20);
  return call;
}

/// The mean over rows of VESPO's weight: its slope at advantages of -1 and 1.
comparison mean_weight(engine& e, peer_case const& c, loss_call const& call) {
  cohort::vespo const f = std::get<cohort::vespo>(weighted_of(c.options).formula);
  auto const columns = static_cast<std::size_t>(call.frame.columns);
  auto const ratio = e.importance_ratio({.frame = call.frame,
                                         .log_prob = call.log_prob,
                                         .old_log_prob = call.old_log_prob,
                                         .options = {call.options.ratio, call.options.log_ratio}});
  double sum = 0;
  for (std::size_t r = 0; r < call.advantage.size(); ++r) {
    auto const row = call.frame.mask.begin() + static_cast<std::ptrdiff_t>(r * columns);
    auto const first = std::find(row, row + call.frame.columns, 1) - row; // a row without a token has ratio 1
    double const w = first < call.frame.columns ? ratio[r * columns + static_cast<std::size_t>(first)] : 1;
    sum += std::fabs(f(w, call.advantage[r] < 0 ? -1.0 : 1.0, 0.0).slope);
  }
  string const name = "metrics/vespo/phi_seq_mean";
  return {name, {sum / static_cast<double>(call.frame.rows)}, {c.outputs.number(name)}};
}

optional<recipe> loss_recipe(peer_case const& c) {
  auto const& o = c.options;
  auto const rows = static_cast<double>(frame_of(trl(), "mask").rows);
  auto const by = normalizer_of(o, rows);
  if (!by || needs_more(o)) return {};
  if (c.outputs.has("d_logits"))
    return recipe{"logits_policy_gradient, " + text_of(*by),
                  [&c, &o, rows, call = loss_of(o, *by)](engine& e) {
                    return compare_trl_logits(e, c, call, metrics_of(o, rows));
                  },
                  not_compared(o)};
  auto const run = [&c, &o, rows, call = loss_of(o, *by)](engine& e) {
    loss_call const mine = corrected(call, o, correction_of(e, o));
    auto all = compare_loss(e, c, mine, metrics_of(o, rows), tolerance::exact, tolerance::exact);
    if (is_vespo(o)) all.push_back(mean_weight(e, c, mine));
    return all;
  };
  return recipe{"policy_loss, " + text_of(*by), run, not_compared(o)};
}

} // namespace

optional<recipe> trl_recipe(peer_case const& c) {
  return c.name.find("trl advantage/") == 0 ? trl_advantage_recipe(c) : loss_recipe(c);
}

} // namespace parity
