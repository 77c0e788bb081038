// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The calls of algorithms that the files of this folder compile for all tests: one list per algorithm, of value types
/// and formulas. A list is read twice, here as declarations (`extern`) and in engines/*.cpp as definitions. A call joins by
/// its line.
#pragma once

#include <cohort/cohort.hpp>

#include <engines/any_context.hpp>
#include <engines/formulas.hpp>

namespace engines {

using space = any_context::memory_space;

// Names without a comma, for the lists below.
template <class Surrogate, class Kl = cohort::no_kl>
using objective_of = cohort::policy_objective<Surrogate, Kl>;
using clip = objective_of<cohort::ppo_clip>;
using clip_and_k1 = objective_of<cohort::ppo_clip, cohort::k1>;
using clip_and_k2 = objective_of<cohort::ppo_clip, cohort::k2>;
using clip_and_k3 = objective_of<cohort::ppo_clip, cohort::k3>;
using dual_clip_and_absolute_kl = objective_of<cohort::dual_clip, cohort::absolute_kl>;
using cispo_and_k2 = objective_of<cohort::cispo, cohort::k2>;
using sapo_and_k1 = objective_of<cohort::sapo, cohort::k1>;

// What engines/formulas.hpp chooses at run time, by number.
template <int Which>
using any_objective_of = std::variant_alternative_t<Which, any_objective>;

} // namespace engines

// An algorithm and its check on values of type V; behind its outputs a call takes what follows.
#define COHORT_TEST_CALL(prefix, name, V, ...)                                                                         \
  prefix template void cohort::name<V>(engines::any_context&, cohort::name##_inputs<V, engines::space> const&,         \
                                       cohort::name##_outputs<V, engines::space> const&, __VA_ARGS__);                 \
  prefix template cohort::status cohort::check_##name<V>(                                                              \
      engines::any_context&, cohort::name##_inputs<V, engines::space> const&,                                          \
      cohort::name##_outputs<V, engines::space> const&, __VA_ARGS__) noexcept;
#define COHORT_TEST_WITH_OPTIONS(prefix, name, V) COHORT_TEST_CALL(prefix, name, V, cohort::name##_options const&)
#define COHORT_TEST_WITH_OBJECTIVE(prefix, name, V, f)                                                                 \
  COHORT_TEST_CALL(prefix, name, V, engines::f const&, cohort::name##_options const&)

// The objectives of engines/formulas.hpp: all of them, whatever the formulas.
#define COHORT_TEST_WITH_ANY_OBJECTIVE(prefix, name, V)                                                                \
  COHORT_TEST_WITH_OBJECTIVE(prefix, name, V, any_objective_of<0>)                                                     \
  COHORT_TEST_WITH_OBJECTIVE(prefix, name, V, any_objective_of<1>)                                                     \
  COHORT_TEST_WITH_OBJECTIVE(prefix, name, V, any_objective_of<2>)                                                     \
  COHORT_TEST_WITH_OBJECTIVE(prefix, name, V, any_objective_of<3>)                                                     \
  COHORT_TEST_WITH_OBJECTIVE(prefix, name, V, any_objective_of<4>)                                                     \
  COHORT_TEST_WITH_OBJECTIVE(prefix, name, V, any_objective_of<5>)

// engines/groups.cpp
#define COHORT_TEST_GROUPS(prefix, T)                                                                                  \
  prefix template void cohort::group_advantage<T>(engines::any_context&, cohort::view<T const, 1, engines::space>,     \
                                                  cohort::group_advantage_outputs<T, engines::space> const&,           \
                                                  cohort::group_advantage_options<engines::space> const&);             \
  prefix template cohort::status cohort::check_group_advantage<T>(                                                     \
      engines::any_context&, cohort::view<T const, 1, engines::space> const&,                                          \
      cohort::group_advantage_outputs<T, engines::space> const&,                                                       \
      cohort::group_advantage_options<engines::space> const&) noexcept;                                                \
  prefix template void cohort::group_statistics<T>(engines::any_context&, cohort::view<T const, 1, engines::space>,    \
                                                   cohort::group_statistics_outputs<engines::space> const&,            \
                                                   cohort::group_statistics_options<engines::space> const&);           \
  prefix template cohort::status cohort::check_group_statistics<T>(                                                    \
      engines::any_context&, cohort::view<T const, 1, engines::space> const&,                                          \
      cohort::group_statistics_outputs<engines::space> const&,                                                         \
      cohort::group_statistics_options<engines::space> const&) noexcept;                                               \
  COHORT_TEST_CALL(prefix, process_advantage, T, cohort::process_advantage_options<engines::space> const&)

// engines/tokens.cpp
#define COHORT_TEST_TOKENS(prefix, T)                                                                                  \
  COHORT_TEST_WITH_OPTIONS(prefix, gae, T)                                                                             \
  COHORT_TEST_WITH_OPTIONS(prefix, return_to_go, T)                                                                    \
  COHORT_TEST_WITH_OPTIONS(prefix, whiten, T)                                                                          \
  COHORT_TEST_WITH_OPTIONS(prefix, importance_ratio, T)                                                                \
  COHORT_TEST_CALL(prefix, value_loss, T, cohort::squared_error const&, cohort::value_loss_options const&)             \
  COHORT_TEST_CALL(prefix, kl_penalty, T, cohort::k1 const&)                                                           \
  COHORT_TEST_CALL(prefix, kl_penalty, T, cohort::k3 const&)                                                           \
  prefix template void cohort::moments<T>(engines::any_context&, cohort::moments_inputs<T, engines::space> const&,     \
                                          cohort::moment_sums*);                                                       \
  prefix template cohort::status cohort::check_moments<T>(                                                             \
      engines::any_context&, cohort::moments_inputs<T, engines::space> const&, cohort::moment_sums const*) noexcept;

// engines/policy_loss_*.cpp
#define COHORT_TEST_POLICY_LOSS(prefix, T)                                                                             \
  COHORT_TEST_WITH_OBJECTIVE(prefix, policy_loss, T, clip)                                                             \
  COHORT_TEST_WITH_OBJECTIVE(prefix, policy_loss, T, clip_and_k1)                                                      \
  COHORT_TEST_WITH_OBJECTIVE(prefix, policy_loss, T, clip_and_k2)                                                      \
  COHORT_TEST_WITH_OBJECTIVE(prefix, policy_loss, T, clip_and_k3)
#define COHORT_TEST_OTHER_POLICY_LOSS(prefix)                                                                          \
  COHORT_TEST_WITH_OBJECTIVE(prefix, policy_loss, float, dual_clip_and_absolute_kl)                                    \
  COHORT_TEST_WITH_OBJECTIVE(prefix, policy_loss, float, cispo_and_k2)                                                 \
  COHORT_TEST_WITH_OBJECTIVE(prefix, policy_loss, float, sapo_and_k1)

// engines/rows_*.cpp
#define COHORT_TEST_ROWS(prefix, L)                                                                                    \
  COHORT_TEST_WITH_OPTIONS(prefix, token_log_prob, L)                                                                  \
  COHORT_TEST_WITH_OPTIONS(prefix, token_log_prob_backward, L)                                                         \
  COHORT_TEST_WITH_OPTIONS(prefix, head_log_prob, L)

// engines/logits_*.cpp and engines/heads_*.cpp
#define COHORT_TEST_LOGITS(prefix, L)                                                                                  \
  COHORT_TEST_WITH_OBJECTIVE(prefix, logits_policy_gradient, L, clip)                                                  \
  COHORT_TEST_WITH_OBJECTIVE(prefix, logits_policy_gradient, L, clip_and_k3)
#define COHORT_TEST_HEADS(prefix, L)                                                                                   \
  COHORT_TEST_WITH_OBJECTIVE(prefix, head_policy_gradient, L, clip)                                                    \
  COHORT_TEST_WITH_OBJECTIVE(prefix, head_policy_gradient, L, clip_and_k3)

// engines/scores.cpp: seeds of type T, scores of type S.
#define COHORT_TEST_SCORES(prefix, T, S)                                                                               \
  prefix template void cohort::accumulate_policy_gradient<T, S>(                                                       \
      engines::any_context&, cohort::accumulate_policy_gradient_inputs<T, S, engines::space> const&,                   \
      cohort::accumulate_policy_gradient_outputs<engines::space> const&,                                               \
      cohort::accumulate_policy_gradient_options const&);                                                              \
  prefix template cohort::status cohort::check_accumulate_policy_gradient<T, S>(                                       \
      engines::any_context&, cohort::accumulate_policy_gradient_inputs<T, S, engines::space> const&,                   \
      cohort::accumulate_policy_gradient_outputs<engines::space> const&,                                               \
      cohort::accumulate_policy_gradient_options const&) noexcept;

COHORT_TEST_GROUPS(extern, float)
COHORT_TEST_GROUPS(extern, double)
COHORT_TEST_TOKENS(extern, float)
COHORT_TEST_TOKENS(extern, double)
COHORT_TEST_POLICY_LOSS(extern, float)
COHORT_TEST_POLICY_LOSS(extern, double)
COHORT_TEST_OTHER_POLICY_LOSS(extern)
COHORT_TEST_WITH_ANY_OBJECTIVE(extern, policy_loss, float)
COHORT_TEST_WITH_ANY_OBJECTIVE(extern, policy_loss, double)
COHORT_TEST_ROWS(extern, float)
COHORT_TEST_ROWS(extern, double)
COHORT_TEST_ROWS(extern, cohort::half)
COHORT_TEST_ROWS(extern, cohort::bfloat16)
COHORT_TEST_LOGITS(extern, float)
COHORT_TEST_LOGITS(extern, double)
COHORT_TEST_LOGITS(extern, cohort::half)
COHORT_TEST_LOGITS(extern, cohort::bfloat16)
COHORT_TEST_WITH_ANY_OBJECTIVE(extern, logits_policy_gradient, float)
COHORT_TEST_WITH_ANY_OBJECTIVE(extern, logits_policy_gradient, double)
COHORT_TEST_HEADS(extern, float)
COHORT_TEST_HEADS(extern, double)
COHORT_TEST_HEADS(extern, cohort::half)
COHORT_TEST_HEADS(extern, cohort::bfloat16)
COHORT_TEST_WITH_ANY_OBJECTIVE(extern, head_policy_gradient, float)
COHORT_TEST_WITH_ANY_OBJECTIVE(extern, head_policy_gradient, double)
COHORT_TEST_WITH_OBJECTIVE(extern, head_policy_gradient, cohort::half, any_objective_of<1>)
COHORT_TEST_WITH_OBJECTIVE(extern, head_policy_gradient, cohort::bfloat16, any_objective_of<1>)
COHORT_TEST_SCORES(extern, float, float)
COHORT_TEST_SCORES(extern, double, double)
COHORT_TEST_SCORES(extern, float, double)
COHORT_TEST_SCORES(extern, double, float)
COHORT_TEST_SCORES(extern, double, cohort::half)
COHORT_TEST_SCORES(extern, double, cohort::bfloat16)
COHORT_TEST_SCORES(extern, float, cohort::half)
COHORT_TEST_SCORES(extern, float, cohort::bfloat16)
