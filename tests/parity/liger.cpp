// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Liger's losses on a head (LigerFusedLinearGRPOFunction) in our words: its options on the left, ours on the right.
#include <cmath>

#include <parity/recipe.hpp>

namespace parity {

namespace {

using std::optional, std::string;

string type_of(dictionary const& o) { return o.text("loss_type"); }
bool is_sequence(dictionary const& o) { return o.text("importance_sampling_level") == "sequence"; }
bool is_weighted(dictionary const& o) { return type_of(o) == "cispo" || type_of(o) == "vespo"; }

cohort::normalizer normalizer_of(dictionary const& o, double rows) {
  string const type = type_of(o);
  if (type == "grpo" || type == "sapo") return cohort::by_sequence_means(rows);
  if (type == "dr_grpo") return cohort::by_constant(rows * o.number("max_completion_length"));
  if (type == "luspo") return cohort::by_sequences(rows);
  if (o.has("num_items_in_batch")) return cohort::by_tokens(o.number("num_items_in_batch"));
  return cohort::by_tokens();
}

template <class F>
any_objective with_k3(F const& f, double beta) {
  if (beta == 0) return cohort::objective(f);
  return cohort::objective(f, any_penalty(cohort::k3{beta}));
}

any_objective objective_of(dictionary const& o) {
  double const low = o.number("epsilon_low"), high = o.number("epsilon_high"), beta = o.number("beta");
  if (type_of(o) == "cispo") return with_k3(any_surrogate(cohort::cispo{.low = 0, .high = high}), beta);
  if (type_of(o) == "vespo") return with_k3(any_surrogate(cohort::vespo{}), beta);
  if (type_of(o) == "sapo") return with_k3(any_surrogate(cohort::sapo{}), beta);
  if (o.has("delta")) return with_k3(any_surrogate(cohort::two_sided_clip{low, high, o.number("delta")}), beta);
  auto const clip = any_surrogate(cohort::ppo_clip{low, high});
  if (o.number("use_bias_correction_kl", 0) != 0) return cohort::objective(clip, any_penalty(unbiased_k3{beta}));
  return with_k3(clip, beta);
}

cohort::policy_loss_options options_of(dictionary const& o, double rows) {
  using level = cohort::ratio_level;
  auto const by = normalizer_of(o, rows);
  if (type_of(o) == "vespo") return {by, level::sequence_product, {.low = std::log(1e-8), .high = 20}};
  return {by, is_sequence(o) ? level::sequence : level::token};
}

/// One weight per token, or per sequence for all of its tokens.
values correction_of(dictionary const& o, token_frame const& frame) {
  if (!o.has("vllm_is_ratio")) return {};
  values const& x = o.data("vllm_is_ratio");
  values y(frame.mask.size());
  for (std::size_t i = 0; i < y.size(); ++i)
    y[i] = x[x.size() == y.size() ? i : i / static_cast<std::size_t>(frame.columns)];
  return y;
}

} // namespace

head_call liger_call(dictionary const& o) {
  auto const& r = liger();
  auto const frame = frame_of(r, "mask");
  string const tempered = o.has("temperature") ? "tempered_" : "";
  auto const& shape = r.inputs.arrays.at("weights").shape;
  return {.loss = {.frame = frame,
                   .log_prob = {},
                   .old_log_prob = r.input(tempered + "head_old_log_prob"),
                   .ref_log_prob = r.input(tempered + "head_ref_log_prob"),
                   .advantage = r.input("advantage"),
                   .correction = correction_of(o, frame),
                   .objective = objective_of(o),
                   .options = options_of(o, static_cast<double>(frame.rows))},
          .width = shape[1],
          .vocabulary = shape[0],
          .hidden = r.input("hidden"),
          .weights = r.input("weights"),
          .bias = r.input("bias"),
          .token = r.integers("tokens"),
          .temperature = o.number("temperature", 1)};
}

namespace {

/// [KL where there is one, share of clipped tokens]
values metrics_of(dictionary const& o, cohort::loss_report const& r) {
  values all;
  if (o.number("beta") != 0) all.push_back(r.kl);
  all.push_back(is_weighted(o) ? r.clip_high : r.clip_low + r.clip_high);
  return all;
}

/// Whose loss is a matrix of tokens: Liger's luspo takes its mean with the padding in it (peer_defects.cpp).
bool leaks(dictionary const& o) { return type_of(o) == "luspo" && !(is_sequence(o) && o.number("beta") == 0); }

} // namespace

optional<recipe> liger_recipe(peer_case const& c) {
  auto const& o = c.options;
  if (leaks(o)) return {};
  auto const run = [&c, &o](engine& e) {
    std::vector<comparison> all;
    head_call call = liger_call(o);
    for (auto const& frame : layouts(call.loss.frame)) {
      call.loss.frame = frame;
      auto const found = e.head_policy_gradient(call);
      auto const add = [&](char const* output, values const& x, values const& expected) {
        all.push_back({output, x, expected, tolerance::single, frame.packed ? "packed" : "padded"});
      };
      add("loss", {found.report.loss}, {c.outputs.number("loss")});
      add("d_hidden", found.d_hidden, c.outputs.data("d_hidden"));
      add("d_weights", found.d_weights, c.outputs.data("d_weights"));
      add("d_bias", found.d_bias, c.outputs.data("d_bias"));
      add("metrics", metrics_of(o, found.report), c.outputs.data("metrics"));
    }
    return all;
  };
  return recipe{"head_policy_gradient, " + text_of(liger_call(o).loss.options.normalizer), run};
}

} // namespace parity
