// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The library behind a context and a value type: numbers go in and come out as doubles, so that a case is said once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <cohort/advantage/group_advantage.hpp>
#include <cohort/gradient/logits_policy_gradient.hpp>
#include <cohort/objective/importance_ratio.hpp>
#include <cohort/objective/policy_loss.hpp>
#include <cohort/objective/value_loss.hpp>
#include <cohort/reward/kl_penalty.hpp>

#include <engines/any_context.hpp>
#include <engines/formulas.hpp>

namespace parity {

using values = std::vector<double>;
using group_options = cohort::group_advantage_options<cohort::host_space>;

using engines::any_objective, engines::any_penalty, engines::any_surrogate, engines::clamped_k3, engines::penalty,
    engines::surrogate, engines::unbiased_k3, engines::weighted_surrogate;

/// A rectangle of tokens. The same calls run as a rectangle with the mask, and as one run of the tokens that the mask
/// keeps, without it: sequences then end with their last kept token. Outputs are rows x columns either way.
struct token_frame {
  std::int64_t rows, columns;
  std::vector<std::uint8_t> mask;
  bool packed = false;
};

struct loss_call {
  token_frame frame;
  values log_prob, old_log_prob, ref_log_prob{}, advantage, correction{};
  bool advantage_per_token = false;
  any_objective objective;
  cohort::policy_loss_options options;
};

struct loss_result {
  values d_log_prob;
  cohort::loss_report report;
};

struct ratio_call {
  token_frame frame;
  values log_prob, old_log_prob;
  cohort::importance_ratio_options options;
};

struct value_call {
  token_frame frame;
  values value, old_value, returns;
  cohort::squared_error formula;
};

struct value_result {
  values d_value;
  cohort::value_report report;
};

struct penalty_call {
  token_frame frame;
  values log_prob, ref_log_prob, reward;
  double beta;
};

struct reward_call {
  token_frame frame;
  values reward, value{};
  double gamma = 1, lambda = 1;
};

struct gae_result {
  values advantage, returns;
};

struct logits_call {
  token_frame frame;
  std::int64_t vocabulary;
  values logits; ///< rows x columns x vocabulary
  std::vector<std::int64_t> token;
  double temperature = 1;
  values ref_logits{};
  cohort::entropy_bonus entropy{};
  double distribution_kl = 0;
  cohort::score_rows score = cohort::score_rows::all;
};

struct row_scores {
  values log_prob, entropy;
};

struct logits_result {
  values d_logits, d_log_prob;
  row_scores scores;
  cohort::logits_report report;
};

/// A loss on a head, whose log-probs are its own: loss.log_prob stays empty.
struct head_call {
  loss_call loss;
  std::int64_t width, vocabulary;
  values hidden, weights, bias;
  std::vector<std::int64_t> token;
  double temperature = 1;
};

struct head_result {
  values d_hidden, d_weights, d_bias;
  cohort::loss_report report;
};

struct statistics_result {
  values count, std, zero_variance; ///< per group
};

class engine {
public:
  std::string name;
  bool in_float;

  engine(std::string n, bool f) : name(std::move(n)), in_float(f) {}
  engine(engine const&) = delete;
  engine& operator=(engine const&) = delete;
  virtual ~engine() = default;

  virtual loss_result policy_loss(loss_call const& call) = 0;
  /// One ratio per token.
  virtual values importance_ratio(ratio_call const& call) = 0;
  virtual value_result value_loss(value_call const& call) = 0;
  /// k1 taken from the reward.
  virtual values kl_penalty(penalty_call const& call) = 0;
  virtual gae_result gae(reward_call const& call) = 0;
  virtual values return_to_go(reward_call const& call) = 0;
  /// Default options: as verl whitens.
  virtual values whiten(token_frame const& frame, values const& x) = 0;
  virtual row_scores token_log_prob(logits_call const& call) = 0;
  /// d_logits from d_log_prob and, where it is given, d_entropy.
  virtual values token_log_prob_backward(logits_call const& call, values const& d_log_prob,
                                         values const& d_entropy = {}) = 0;
  /// In place. The log-probs of `loss` are not looked at.
  virtual logits_result logits_policy_gradient(logits_call const& call, loss_call const& loss) = 0;
  virtual head_result head_policy_gradient(head_call const& call) = 0;
  virtual values group_advantage(values const& reward, group_options const& options) = 0;
  virtual statistics_result group_statistics(values const& reward, std::int64_t group_size) = 0;
};

std::unique_ptr<engine> engine_in_double(engines::choice const& made);
std::unique_ptr<engine> engine_in_float(engines::choice const& made);

std::unique_ptr<engine> reference_engine();
std::unique_ptr<engine> emulated_block_engine();
std::unique_ptr<engine> eigen_engine();
std::unique_ptr<engine> eigen_float_engine();
std::vector<std::unique_ptr<engine>> thrust_engines(); ///< none where there is no Thrust

} // namespace parity
