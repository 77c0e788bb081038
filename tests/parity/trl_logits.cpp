// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// TRL's losses whose gradient was recorded down to the logits.
#include <algorithm>

#include <parity/recipe.hpp>

namespace parity {

namespace {

using std::string;

logits_call logits_of(dictionary const& o) {
  return {.frame = frame_of(trl(), o.text("mask")),
          .vocabulary = trl().inputs.arrays.at("logits").shape[2],
          .logits = trl().input("logits"),
          .token = trl().integers("tokens"),
          .temperature = o.number("temperature")};
}

/// The tokens whose entropy is at least the (1 - q) quantile, interpolated linearly and in float, of those in the mask.
std::vector<std::uint8_t> high_entropy_mask(values const& entropy, std::vector<std::uint8_t> mask, double q) {
  if (q == 1) return mask;
  std::vector<float> sorted;
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (mask[i]) sorted.push_back(static_cast<float>(entropy[i]));
  std::sort(sorted.begin(), sorted.end());
  float const rank = static_cast<float>(1 - q) * static_cast<float>(sorted.size() - 1);
  auto const below = static_cast<std::size_t>(rank), above = (std::min)(below + 1, sorted.size() - 1);
  float const threshold = sorted[below] + (rank - static_cast<float>(below)) * (sorted[above] - sorted[below]);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = mask[i] && entropy[i] >= static_cast<double>(threshold);
  return mask;
}

/// What TRL's entropy bonus adds, over the tokens that are kept: coefficient * mean entropy / accumulation.
struct entropy_term {
  double value = 0;
  values seed; ///< per token
};
entropy_term entropy_term_of(dictionary const& o, values const& entropy, std::vector<std::uint8_t> const& keep) {
  auto const count = static_cast<double>(std::count(keep.begin(), keep.end(), 1));
  double const weight = o.number("entropy_coef") / (count * o.number("gradient_accumulation_steps"));
  entropy_term term;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    term.seed.push_back(keep[i] ? -weight : 0.0);
    if (keep[i]) term.value -= weight * entropy[i];
  }
  return term;
}

/// The bonus is the call's own; where it belongs to fewer tokens than the mask has, it is the backward's.
logits_result differentiate(engine& e, dictionary const& o, logits_call logits, loss_call loss) {
  double const q = o.number("top_entropy_quantile"), steps = o.number("gradient_accumulation_steps");
  if (q == 1) {
    logits.entropy = {.coefficient = o.number("entropy_coef"), .normalizer = cohort::by_tokens().times(steps)};
    return e.logits_policy_gradient(logits, loss);
  }
  auto const entropy = e.token_log_prob(logits).entropy;
  auto const keep = high_entropy_mask(entropy, logits.frame.mask, q);
  loss.correction = values(keep.begin(), keep.end());
  auto found = e.logits_policy_gradient(logits, loss);
  auto const bonus = entropy_term_of(o, entropy, keep);
  auto const more = e.token_log_prob_backward(logits, values(keep.size(), 0.0), bonus.seed);
  for (std::size_t i = 0; i < more.size(); ++i) found.d_logits[i] += more[i];
  found.report.loss += bonus.value;
  return found;
}

} // namespace

std::vector<comparison> compare_trl_logits(engine& e, peer_case const& c, loss_call const& call,
                                           std::vector<metric> const& metrics) {
  std::vector<comparison> all;
  double const steps = call.options.normalizer.count.factor; // what TRL's metric is not divided by
  for (auto const& frame : layouts(call.frame)) {
    auto logits = logits_of(c.options);
    auto loss = call;
    logits.frame = loss.frame = frame;
    auto const found = differentiate(e, c.options, logits, loss);
    auto const add = [&](string const& name, values const& ours, values const& recorded) {
      all.push_back({name, ours, recorded, tolerance::exact, frame.packed ? "packed" : "padded"});
    };
    auto const add_number = [&](string const& name, double ours) {
      if (c.outputs.has(name)) add(name, {ours}, {c.outputs.number(name)});
    };
    add_number("loss", found.report.loss);
    add_number("metrics/entropy", found.report.entropy);
    add_number("metrics/policy_loss", found.report.policy.loss * steps);
    for (auto const& m : metrics) add_number(m.output, m.of(found.report.policy));
    add("d_log_prob", found.d_log_prob, c.outputs.data("d_log_prob"));
    add("d_logits", found.d_logits, c.outputs.data("d_logits"));
    if (c.outputs.has("entropy")) add("entropy", found.scores.entropy, kept(c.outputs.data("entropy"), frame.mask));
  }
  return all;
}

} // namespace parity
