// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// verl's advantage estimators in our words. What verl leaves on masked tokens is not compared: ours is 0 there.
#include <map>

#include <cohort/interop/span.hpp>

#include <parity/recipe.hpp>

namespace parity {

namespace {

using std::string;

std::vector<std::int64_t> const& ids() {
  static auto const x = verl().integers("ragged_group_ids");
  return x;
}

/// One case, its tokens and their rewards; "terminal" is the reward of a row on its last token.
struct estimate {
  peer_case const& c;
  token_frame frame;
  string rewards;

  explicit estimate(peer_case const& x)
      : c(x), frame(frame_of(verl(), x.options.text("mask"))), rewards(x.options.text("rewards")) {}

  [[nodiscard]] values token_rewards() const {
    if (rewards == "terminal") return on_last_tokens(verl().input("rewards"), frame);
    return verl().input(rewards.substr(0, rewards.find(' '))); // "dense_token_rewards * mask"
  }
  /// A row's score, for the outcome estimators.
  [[nodiscard]] values scores() const { return row_sums(token_rewards(), frame); }

  [[nodiscard]] std::vector<comparison> against(values const& advantage, values const& returns, double nearly,
                                                double returns_nearly) const {
    return {{"advantage", advantage, kept(c.outputs.data("advantage"), frame.mask), nearly},
            {"returns", returns, kept(c.outputs.data("returns"), frame.mask), returns_nearly}};
  }
  /// verl returns most advantages twice.
  [[nodiscard]] std::vector<comparison> against(values const& advantage, double nearly) const {
    return against(advantage, advantage, nearly, nearly);
  }
};

/// One score per row, the same advantage on all of its tokens. Epsilon 1e-6 after the root, ddof 1; a group of one keeps
/// its reward except in rloo_vectorized.
values outcome(engine& e, estimate const& x) {
  using cohort::baseline, cohort::scale, cohort::singleton;
  string const name = x.c.options.text("estimator");
  bool const left_out = name.find("rloo") == 0;
  bool const scaled =
      (name.find("grpo") == 0 && x.c.options.number("norm_adv_by_std_in_grpo", 1) != 0) || name == "gdpo";
  return over_tokens(
      e.group_advantage(x.scores(), {.groups = cohort::group_ids(ids()),
                                     .baseline = left_out ? baseline::leave_one_out : baseline::mean,
                                     .scale = scaled ? scale::group_std : scale::none,
                                     .ddof = 1,
                                     .epsilon = 1e-6,
                                     .singleton = name == "rloo_vectorized" ? singleton::zero : singleton::reward}),
      x.frame);
}

std::vector<comparison> plain_outcome(engine& e, estimate const& x) {
  return x.against(outcome(e, x), tolerance::exact);
}
/// Its moments are taken in float.
std::vector<comparison> outcome_in_single(engine& e, estimate const& x) {
  return x.against(outcome(e, x), tolerance::single);
}
std::vector<comparison> whitened_outcome(engine& e, estimate const& x) {
  return x.against(e.whiten(x.frame, outcome(e, x)), tolerance::whitened);
}

std::vector<comparison> gae(engine& e, estimate const& x) {
  std::vector<comparison> all;
  for (auto const& frame : layouts(x.frame)) {
    auto const found = e.gae({.frame = frame,
                              .reward = x.token_rewards(),
                              .value = verl().input("values"),
                              .gamma = x.c.options.number("gamma"),
                              .lambda = x.c.options.number("lam")});
    for (auto const& y :
         x.against(e.whiten(frame, found.advantage), found.returns, tolerance::whitened, tolerance::exact))
      all.push_back(y);
  }
  return all;
}

std::vector<comparison> reinforce_plus_plus(engine& e, estimate const& x) {
  auto const returns =
      e.return_to_go({.frame = x.frame, .reward = x.token_rewards(), .gamma = x.c.options.number("gamma")});
  return x.against(e.whiten(x.frame, returns), returns, tolerance::whitened, tolerance::exact);
}

/// The greedy rollout's reward as a cost on the last token: every return-to-go then has it subtracted.
std::vector<comparison> remax(engine& e, estimate const& x) {
  values const reward = x.token_rewards(), greedy = on_last_tokens(verl().input("greedy_rewards"), x.frame);
  values against_greedy = reward;
  for (std::size_t i = 0; i < greedy.size(); ++i) against_greedy[i] -= greedy[i];
  return x.against(e.return_to_go({.frame = x.frame, .reward = against_greedy}),
                   e.return_to_go({.frame = x.frame, .reward = reward}), tolerance::exact, tolerance::exact);
}

} // namespace

std::optional<recipe> verl_advantage_recipe(peer_case const& c) {
  struct way {
    string ours;
    std::vector<comparison> (*run)(engine&, estimate const&);
  };
  static std::map<string, way> const ways{
      {"grpo", {"group_advantage", plain_outcome}},
      {"grpo_vectorized", {"group_advantage", outcome_in_single}},
      {"rloo", {"group_advantage, leave_one_out", plain_outcome}},
      {"rloo_vectorized", {"group_advantage, leave_one_out", plain_outcome}},
      {"reinforce_plus_plus_baseline", {"group_advantage, whiten", whitened_outcome}},
      {"gdpo", {"group_advantage, whiten", whitened_outcome}},
      {"gae", {"gae, whiten", gae}},
      {"reinforce_plus_plus", {"return_to_go, whiten", reinforce_plus_plus}},
      {"remax", {"return_to_go", remax}},
  };
  auto const known = ways.find(c.options.text("estimator"));
  if (known == ways.end()) return {};
  string const estimator = known->first;
  recipe how{known->second.ours, [&c, run = known->second.run](engine& e) { return run(e, estimate(c)); }};
  if (estimator == "gae" || estimator == "remax")
    how.not_compared = {{"advantage and returns of masked tokens", "verl leaves numbers there, ours is 0"}};
  return how;
}

} // namespace parity
