// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// verl's losses and KL forms in our words: its options on the left, ours on the right.
#include <cmath>

#include <parity/recipe.hpp>

namespace parity {

namespace {

using std::optional, std::string;

// ---- losses ---------------------------------------------------------------------------------------------------------

/// verl's sapo has one mode, whatever it is asked for.
string mode_of(dictionary const& o) {
  return o.text("loss") == "sapo" ? "seq-mean-token-mean" : o.text("loss_agg_mode");
}

/// loss_agg_mode -> normaliser. With global counts verl multiplies every mode by dp_size, since its ranks are averaged.
cohort::normalizer normalizer_of(dictionary const& o) {
  string const mode = mode_of(o);
  bool const global = o.has("global_batch_info/dp_size");
  double const share = 1 / o.number("global_batch_info/dp_size", 1);
  double const tokens = o.number("global_batch_info/batch_num_tokens", 0);
  double const sequences = o.number("global_batch_info/global_batch_size", 0);
  double const width =
      o.number("global_batch_info/loss_scale_factor", static_cast<double>(frame_of(verl(), o.text("mask")).columns));
  if (mode == "token-sum") return cohort::by_constant(1).times(share);
  if (mode == "token-mean") return global ? cohort::by_tokens(tokens).times(share) : cohort::by_tokens();
  if (mode == "seq-mean-token-mean")
    return global ? cohort::by_sequence_means(sequences).times(share) : cohort::by_sequence_means();
  auto const by = global ? cohort::by_sequences(sequences).times(share) : cohort::by_sequences();
  return mode == "seq-mean-token-sum-norm" ? by.times(width) : by;
}

struct formula {
  any_objective objective;
  cohort::ratio_level ratio;
  cohort::log_ratio_bounds log_ratio;
};

optional<formula> formula_of(dictionary const& o) {
  double const low = o.number("clip_ratio_low"), high = o.number("clip_ratio_high");
  if (o.text("loss") == "vanilla")
    return formula{cohort::objective(any_surrogate(cohort::dual_clip{low, high, o.number("clip_ratio_c", 3)})),
                   cohort::ratio_level::token,
                   {.low = -20, .high = 20}};
  if (o.text("loss") == "gspo")
    return formula{cohort::objective(any_surrogate(cohort::ppo_clip{low, high})),
                   cohort::ratio_level::sequence_token,
                   {.high = 10}};
  cohort::log_ratio_bounds const bounds{.low = -20, .high = 20};
  if (o.text("loss") == "sapo") {
    cohort::sapo const gate{o.number("tau_pos", 1), o.number("tau_neg", 1.05)};
    return formula{cohort::objective(any_surrogate(gate)), cohort::ratio_level::token, bounds};
  }
  cohort::cispo const weight{1 - low, 1 + high}, one{1, 1};
  if (o.text("loss") == "cispo" || o.text("loss") == "gpg")
    return formula{cohort::objective(any_surrogate(o.text("loss") == "gpg" ? one : weight)), cohort::ratio_level::token,
                   bounds};
  return {};
}

std::map<string, string> not_compared(dictionary const& o) {
  if (o.text("loss") != "gspo" || o.text("old") != "far_old_log_prob") return {};
  return {{"metrics/actor/ppo_kl", "verl's gspo takes the log ratio before its bound, its vanilla after it, as ours"}};
}

std::vector<metric> metrics_of(dictionary const& o) {
  using report = cohort::loss_report;
  bool const of_weights = o.text("loss") == "cispo"; // counted whatever the advantage
  std::vector<metric> all{
      {"metrics/actor/pg_clipfrac",
       [=](report const& r) { return r.clip_low + r.clip_high + (of_weights ? r.clip_cap : 0); }},
      {"metrics/actor/pg_clipfrac_lower", [=](report const& r) { return of_weights ? 0 : r.clip_cap; }}};
  if (not_compared(o).empty()) all.push_back({"metrics/actor/ppo_kl", [](report const& r) { return r.approx_kl; }});
  return all;
}

loss_call loss_of(dictionary const& o, formula const& f) {
  string const advantage = o.text("advantage");
  bool const per_token = advantage == "token_advantage";
  return {.frame = frame_of(verl(), o.text("mask")),
          .log_prob = verl().input("log_prob"),
          .old_log_prob = verl().input(o.text("old")),
          .advantage = verl().input(per_token ? advantage : "advantage"),
          .advantage_per_token = per_token,
          .objective = f.objective,
          .options = {.normalizer = normalizer_of(o), .ratio = f.ratio, .log_ratio = f.log_ratio}};
}

/// sampler_weights: exp(old - sampler), at most 2.
values correction_of(engine& e, dictionary const& o) {
  if (o.text("rollout_is_weights").empty()) return {};
  return e.importance_ratio({.frame = frame_of(verl(), o.text("mask")),
                             .log_prob = verl().input("old_log_prob"),
                             .old_log_prob = verl().input("sampler_log_prob"),
                             .options = {.log_ratio = {.high = std::log(2.0)}}});
}

optional<recipe> loss_recipe(peer_case const& c) {
  auto const& o = c.options;
  auto const f = formula_of(o);
  if (!f) return {};
  // seq-mean-token-mean divides a row by its count + 1e-8.
  double const nearly = mode_of(o) == "seq-mean-token-mean" ? tolerance::whitened : tolerance::exact;
  auto const run = [&c, &o, nearly, call = loss_of(o, *f)](engine& e) {
    loss_call mine = call;
    mine.correction = correction_of(e, o);
    return compare_loss(e, c, mine, metrics_of(o), nearly, tolerance::single);
  };
  return recipe{"policy_loss, " + text_of(normalizer_of(o)), run, not_compared(o)};
}

// ---- KL forms -------------------------------------------------------------------------------------------------------

penalty penalty_of(string const& kind) {
  if (kind == "k1") return any_penalty(cohort::k1{1});
  if (kind == "abs") return any_penalty(cohort::absolute_kl{1});
  if (kind == "k2") return any_penalty(cohort::k2{1});
  if (kind == "k3") return any_penalty(clamped_k3{1});
  if (kind == "k1+") return any_penalty(cohort::straight_through<cohort::k1>{1});
  return any_penalty(cohort::straight_through<clamped_k3>{1}); // k3+
}

/// A loss of nothing but the penalty: zero advantages, beta 1, divided by 1.
loss_call penalty_alone(string const& kind, std::int64_t rows, std::int64_t columns, values log_prob, values ref) {
  return {.frame = {rows, columns, std::vector<std::uint8_t>(log_prob.size(), 1)},
          .log_prob = log_prob,
          .old_log_prob = log_prob,
          .ref_log_prob = std::move(ref),
          .advantage = values(static_cast<std::size_t>(rows), 0.0),
          .objective = cohort::objective(any_surrogate(cohort::ppo_clip{}), penalty_of(kind)),
          .options = {.normalizer = cohort::by_constant(1)}};
}

/// The values one token at a time, the slopes all at once.
std::vector<comparison> compare_penalty(engine& e, peer_case const& c) {
  string const kind = c.options.text("kind");
  auto const& log_prob = verl().input("log_prob");
  auto const& ref = verl().input(c.options.text("ref", "ref_log_prob"));
  auto const frame = frame_of(verl(), "mask");
  values value;
  for (std::size_t i = 0; i < ref.size(); ++i)
    value.push_back(e.policy_loss(penalty_alone(kind, 1, 1, {log_prob[i]}, {ref[i]})).report.loss);
  values gradient = e.policy_loss(penalty_alone(kind, frame.rows, frame.columns, log_prob, ref)).d_log_prob;
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] *= verl().input("probe_weights")[i];
  return {{"value", value, c.outputs.data("value")},
          {"d_log_prob_of_probe_weighted_sum", gradient, c.outputs.data("d_log_prob_of_probe_weighted_sum")}};
}

// ---- values, corrections --------------------------------------------------------------------------------------------

std::vector<comparison> compare_value_loss(engine& e, peer_case const& c) {
  std::vector<comparison> all;
  values returns = verl().input("values");
  for (double& x : returns) x *= 0.5;
  for (auto const& frame : layouts(frame_of(verl(), "mask"))) {
    auto const found = e.value_loss({.frame = frame,
                                     .value = verl().input("new_values"),
                                     .old_value = verl().input("values"),
                                     .returns = returns,
                                     .formula = {.clip = c.options.number("cliprange_value"), .half = true}});
    all.push_back({"loss", {found.report.loss}, {c.outputs.number("loss")}});
    all.push_back({"d_values", found.d_value, c.outputs.data("d_values")});
    all.push_back(
        {"clip_fraction", {found.report.clip_fraction}, {c.outputs.number("clip_fraction")}, tolerance::single});
  }
  return all;
}

std::vector<comparison> compare_kl_in_reward(engine& e, peer_case const& c) {
  auto frame = frame_of(verl(), "mask");
  frame.mask.assign(frame.mask.size(), 1); // the peer applies none
  auto const found = e.kl_penalty({.frame = frame,
                                   .log_prob = verl().input("old_log_prob"),
                                   .ref_log_prob = verl().input("ref_log_prob"),
                                   .reward = verl().input(c.options.text("scores")),
                                   .beta = c.options.number("kl_ratio")});
  return {{"rewards", found, c.outputs.data("rewards")}};
}

/// token-mean: the mean entropy of the tokens in the mask, as a loss.
std::vector<comparison> compare_entropy(engine& e, peer_case const& c) {
  std::vector<comparison> all;
  for (auto const& frame : layouts(frame_of(verl(), c.options.text("mask")))) {
    logits_call const call{.frame = frame,
                           .vocabulary = verl().inputs.arrays.at("logits").shape[2],
                           .logits = verl().input("logits"),
                           .token = verl().integers("tokens")};
    auto const entropy = e.token_log_prob(call).entropy;
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < entropy.size(); ++i)
      if (frame.mask[i]) sum += entropy[i], ++count;
    values const none(entropy.size(), 0.0), seed(entropy.size(), 1 / count);
    string const layout = frame.packed ? "packed" : "padded";
    all.push_back({"mean", {sum / count}, {c.outputs.number("mean")}, tolerance::exact, layout});
    all.push_back({"d_logits", e.token_log_prob_backward(call, none, seed), c.outputs.data("d_logits"),
                   tolerance::exact, layout});
  }
  return all;
}

/// Sampler weights: log ratios within +-20, and at most a threshold.
optional<recipe> correction_recipe(peer_case const& c) {
  auto const& o = c.options;
  bool const rejects = o.texts.contains("rollout_rs"), bounded_below = o.texts.contains("rollout_is_threshold");
  if (rejects || bounded_below || o.number("rollout_is_batch_normalize", 0) != 0) return {};
  auto const level =
      o.text("rollout_is") == "token" ? cohort::ratio_level::token : cohort::ratio_level::sequence_product;
  double const most = std::fmin(20, std::log(o.number("rollout_is_threshold")));
  auto const run = [&c, level, most](engine& e) {
    std::vector<comparison> all;
    for (auto const& frame : layouts(frame_of(verl(), c.options.text("mask")))) {
      auto const weights = e.importance_ratio({.frame = frame,
                                               .log_prob = verl().input("old_log_prob"),
                                               .old_log_prob = verl().input(c.options.text("sampler")),
                                               .options = {.ratio = level, .log_ratio = {.low = -20, .high = most}}});
      all.push_back({"weights", weights, c.outputs.data("weights")});
    }
    return all;
  };
  return recipe{"importance_ratio", run, {{"mask", "weights reject nothing: the mask that went in"}}};
}

bool begins(string const& text, string const& with) { return text.find(with) == 0; }

} // namespace

optional<recipe> verl_recipe(peer_case const& c) {
  if (begins(c.name, "verl advantage/")) return verl_advantage_recipe(c);
  if (begins(c.name, "verl loss/")) return loss_recipe(c);
  if (begins(c.name, "verl kl/"))
    return recipe{"policy_loss, zero advantages", [&c](engine& e) { return compare_penalty(e, c); }};
  if (begins(c.name, "verl correction/")) return correction_recipe(c);
  if (c.name == "verl kl_in_reward")
    return recipe{"kl_penalty, k1", [&c](engine& e) { return compare_kl_in_reward(e, c); }};
  if (c.name == "verl entropy")
    return recipe{"token_log_prob and its backward", [&c](engine& e) { return compare_entropy(e, c); }};
  if (c.name == "verl value_loss")
    return recipe{"value_loss, by_tokens()", [&c](engine& e) { return compare_value_loss(e, c); }};
  return {};
}

} // namespace parity
