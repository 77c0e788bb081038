// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Without exceptions and RTTI: every check_<name> gives its status, and every algorithm that breaks the same rule tells
/// the engine's handler of it and returns without writing.
namespace engine {
void failed(void const* status);
} // namespace engine
#define COHORT_ON_CONTRACT_FAILURE(s) engine::failed(&(s))
#define COHORT_ERROR_POLICY every_check_errors

#include <cohort/cohort.hpp>

#include <cohort/backend/eigen.hpp>

#include <cstdio>
#include <cstring>
#include <vector>

namespace {

cohort::status heard;
int wrong = 0;

/// What the check said is what the handler heard.
void compare(char const* function, cohort::status const& s, std::vector<float> const& output) {
  bool written = false;
  for (float const x : output) written = written || x != 7;
  bool const alike = s.code == heard.code && std::strcmp(s.argument, heard.argument) == 0;
  if (!s.ok() && std::strcmp(s.function, function) == 0 && alike && !written) return;
  ++wrong;
  char text[320];
  cohort::describe(s, text, sizeof text);
  std::printf("%s: %s%s\n", function, text, written ? " (written)" : "");
}

template <class Context>
void all(Context& context) {
  std::vector<float> const x(6, 1), short_one(5, 1);
  std::vector<float> out(6, 7);
  std::vector<int> const token{0, 1};
  float const logits[2][3] = {};
  float d_logits[2][3] = {};
  cohort::group_sums groups;
  auto const wrong_groups = cohort::uniform_groups{4};

  compare("group_statistics",
          cohort::check_group_statistics<float>(context, x, {.report = &groups}, {.groups = wrong_groups}),
          (cohort::group_statistics<float>(context, x, {.report = &groups}, {.groups = wrong_groups}), out));
  compare("group_advantage",
          cohort::check_group_advantage<float>(context, x, {.advantage = out}, {.groups = wrong_groups}),
          (cohort::group_advantage(context, x, out, {.groups = wrong_groups}), out));

  cohort::process_advantage_inputs<float, cohort::host_space> const process{.layout = cohort::padded{2, 3},
                                                                            .steps = cohort::dense_steps(short_one)};
  compare(
      "process_advantage",
      cohort::check_process_advantage<float>(context, process, {.advantage = out},
                                             {.groups = cohort::uniform_groups{2}}),
      (cohort::process_advantage<float>(context, process, {.advantage = out}, {.groups = cohort::uniform_groups{2}}),
       out));

  cohort::policy_loss_inputs<float, cohort::host_space> const loss{
      .layout = cohort::padded{2, 3}, .log_prob = x, .old_log_prob = short_one, .advantage = cohort::per_token(x)};
  auto const f = cohort::objective(cohort::ppo_clip{});
  compare(
      "policy_loss",
      cohort::check_policy_loss<float>(context, loss, {.d_log_prob = out}, f, {.normalizer = cohort::by_tokens(6)}),
      (cohort::policy_loss<float>(context, loss, {.d_log_prob = out}, f, {.normalizer = cohort::by_tokens(6)}), out));

  cohort::token_log_prob_options const cold{.temperature = 0};
  std::vector<float> row(2, 7);
  compare("token_log_prob",
          cohort::check_token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = row}, cold),
          (cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = row}, cold), row));
  cohort::token_log_prob_backward_inputs<float, cohort::host_space> const back{
      .logits = logits, .token = token, .d_log_prob = row};
  cohort::token_log_prob_backward_options const cold_back{.temperature = 0};
  compare("token_log_prob_backward",
          cohort::check_token_log_prob_backward<float>(context, back, {.d_logits = d_logits}, cold_back),
          (cohort::token_log_prob_backward<float>(context, back, {.d_logits = d_logits}, cold_back), row));
}

/// The algorithms of PPO and of custom runtimes.
template <class Context>
void more(Context& context) {
  using space = cohort::host_space;
  cohort::padded const layout{2, 3};
  std::vector<float> const x(6, 1), short_one(5, 1);
  std::vector<float> out(6, 7);

  cohort::gae_inputs<float, space> const rewards{.layout = layout, .reward = x, .value = short_one};
  compare("gae", cohort::check_gae<float>(context, rewards, {.advantage = out}, {}),
          (cohort::gae<float>(context, rewards, {.advantage = out}, {}), out));
  cohort::return_to_go_inputs<float, space> const later{.layout = layout, .reward = short_one};
  compare("return_to_go", cohort::check_return_to_go<float>(context, later, {.returns = out}, {}),
          (cohort::return_to_go<float>(context, later, {.returns = out}, {}), out));
  cohort::whiten_inputs<float, space> const values{.layout = layout, .values = short_one};
  compare("whiten", cohort::check_whiten<float>(context, values, {.whitened = out}, {}),
          (cohort::whiten<float>(context, values, {.whitened = out}, {}), out));
  cohort::importance_ratio_inputs<float, space> const policies{
      .layout = layout, .log_prob = x, .old_log_prob = short_one};
  compare("importance_ratio", cohort::check_importance_ratio<float>(context, policies, {.ratio = out}, {}),
          (cohort::importance_ratio<float>(context, policies, {.ratio = out}, {}), out));
  cohort::value_loss_inputs<float, space> const critic{.layout = layout, .value = x, .returns = short_one};
  compare("value_loss",
          cohort::check_value_loss<float>(context, critic, {.d_value = out}, cohort::squared_error{},
                                          {.normalizer = cohort::by_tokens(6)}),
          (cohort::value_loss<float>(context, critic, {.d_value = out}, cohort::squared_error{},
                                     {.normalizer = cohort::by_tokens(6)}),
           out));
  float const scores[5][6] = {};
  cohort::accumulate_policy_gradient_inputs<float, float, space> const given{.scores = scores, .d_log_prob = x};
  compare("accumulate_policy_gradient",
          cohort::check_accumulate_policy_gradient<float>(context, given, {.gradient = out}, {}),
          (cohort::accumulate_policy_gradient<float>(context, given, {.gradient = out}, {}), out));
}

template <class Context>
void tiers(Context& context) {
  std::vector<float> const x(2, 1);
  std::vector<float> out(2, 7);
  std::vector<int> const token{0, 1};
  float const matrix[2][3] = {}, weights[4][3] = {};
  float gradient[2][3] = {}, d_weights[4][3] = {};
  auto const f = cohort::objective(cohort::ppo_clip{});
  cohort::padded const layout{1, 2};

  cohort::logits_policy_gradient_inputs<float, cohort::host_space> const in{
      .layout = layout, .logits = matrix, .token = token, .old_log_prob = x, .advantage = cohort::per_token(x)};
  cohort::logits_policy_gradient_outputs<float, cohort::host_space> const to{.d_logits = gradient, .log_prob = out};
  cohort::logits_policy_gradient_options const cold{.normalizer = cohort::by_tokens(2), .temperature = 0};
  compare("logits_policy_gradient", cohort::check_logits_policy_gradient<float>(context, in, to, f, cold),
          (cohort::logits_policy_gradient<float>(context, in, to, f, cold), out));

  cohort::head_log_prob_inputs<float, cohort::host_space> const scored{matrix, weights, {}, token};
  compare("head_log_prob", cohort::check_head_log_prob<float>(context, scored, {.log_prob = out}, {.temperature = 0}),
          (cohort::head_log_prob<float>(context, scored, {.log_prob = out}, {.temperature = 0}), out));

  cohort::head_policy_gradient_inputs<float, cohort::host_space> const head{.layout = layout,
                                                                            .hidden = matrix,
                                                                            .weights = weights,
                                                                            .token = token,
                                                                            .old_log_prob = x,
                                                                            .advantage = cohort::per_token(x)};
  cohort::head_policy_gradient_outputs<float, cohort::host_space> const back{
      .d_hidden = gradient, .d_weights = d_weights, .log_prob = out};
  cohort::head_policy_gradient_options const frozen{.normalizer = cohort::by_tokens(2), .temperature = 0};
  compare("head_policy_gradient", cohort::check_head_policy_gradient<float>(context, head, back, f, frozen),
          (cohort::head_policy_gradient<float>(context, head, back, f, frozen), out));
}

} // namespace

void engine::failed(void const* status) { heard = *static_cast<cohort::status const*>(status); }

int main() {
  cohort::reference_context reference;
  all(reference);
  more(reference);
  tiers(reference);
  cohort::eigen_context eigen;
  all(eigen);
  more(eigen);
  tiers(eigen);
  return wrong == 0 ? 0 : 1;
}
