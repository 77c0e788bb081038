// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Compiled several times, each with other flags and another ENGINE, the name of its one exported function.
#if defined(ENGINE_HANDLES_ERRORS)
static int last_code = 0;
#define COHORT_ON_CONTRACT_FAILURE(s) last_code = static_cast<int>((s).code)
#endif

#include <cohort/cohort.hpp>

#include <cohort/backend/eigen.hpp>

#include "engine.hpp"

#define ODR_TEXT(x) #x
#define ODR_TEXT_OF(x) ODR_TEXT(x)

namespace {

using objective_t = cohort::policy_objective<cohort::ppo_clip, cohort::k3>;
using space = cohort::host_space;

void run(odr::outcome& out) {
  cohort::eigen_context context{{.threads = 2, .workspace_bytes = 1 << 16}};
  float rewards[odr::samples], log_prob[odr::tokens], old[odr::tokens], logits[2][odr::vocabulary];
  for (int i = 0; i < odr::samples; ++i) rewards[i] = static_cast<float>((i * i) % 5);
  for (int i = 0; i < odr::tokens; ++i) log_prob[i] = -1 - 0.03F * static_cast<float>(i % 13), old[i] = -1.05F;
  for (int i = 0; i < 2 * odr::vocabulary; ++i)
    logits[i / odr::vocabulary][i % odr::vocabulary] = static_cast<float>(i % 4);
  int const token[2] = {3, 0};

  cohort::group_advantage(context, rewards, out.advantage,
                          {.groups = cohort::uniform_groups{odr::samples / odr::groups}, .epsilon = 0});
  cohort::loss_sums report;
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{odr::samples, odr::columns},
                              .log_prob = log_prob,
                              .old_log_prob = old,
                              .ref_log_prob = old,
                              .advantage = cohort::per_sequence(out.advantage)},
                             {.d_log_prob = out.seed, .report = &report}, objective_t{{0.2, 0.28}, {0.04}},
                             {.normalizer = cohort::by_tokens()});
  out.loss = cohort::read(context, &report).loss;
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = out.log_prob});
}

int refuse() {
  cohort::reference_context context;
  float rewards[3] = {1, 2, 3}, advantage[3] = {};
#if defined(ENGINE_HANDLES_ERRORS)
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{2}});
  return last_code;
#elif COHORT_HAS_EXCEPTIONS
  cohort::group_advantage(context, rewards, advantage, {.groups = cohort::uniform_groups{2}});
  return 0;
#else
  return static_cast<int>(cohort::check_group_advantage<float>(context, rewards, {.advantage = advantage},
                                                               {.groups = cohort::uniform_groups{2}})
                              .code);
#endif
}

void const* where() {
  void (*const f)(cohort::eigen_context&, cohort::policy_loss_inputs<float, space> const&,
                  cohort::policy_loss_outputs<float, space> const&, objective_t const&,
                  cohort::policy_loss_options const&) =
      &cohort::policy_loss<float, cohort::eigen_context, cohort::ppo_clip, cohort::k3>;
  return reinterpret_cast<void const*>(f);
}

} // namespace

extern "C" __attribute__((visibility("default"))) odr::engine ENGINE();
extern "C" odr::engine ENGINE() {
  return {run, refuse, where, ODR_TEXT_OF(COHORT_TARGET), cohort::eigen_context::lanes};
}
