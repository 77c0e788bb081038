// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The calls whose kernels on cuda_context are compiled, file by file, and whose machine code is looked at.
#pragma once

#include <cohort/backend/cuda.cuh>
#include <cohort/cohort.hpp>

namespace cuda_rows {

using cohort::index_t;
using space = cohort::device_space;
using context_type = cohort::cuda_context;

template <class T>
cohort::view<T, 1, space> vector(T* data, index_t n) {
  return {data, {n}, {1}};
}
template <class T>
cohort::view<T, 2, space> matrix(T* data, index_t rows, index_t columns) {
  return {data, {rows, columns}, {columns, 1}};
}

/// Device memory of a step.
template <class T>
struct tokens {
  T *log_prob, *old_log_prob, *ref_log_prob, *advantage, *value, *seed;
  std::int32_t const* token;
  index_t rows, columns;
};

template <class T>
void advantages(context_type& context, tokens<T> const& x, cohort::group_sums* groups, cohort::token_counts* counts) {
  auto const reward = vector<T const>(x.value, x.rows);
  auto const layout = cohort::padded{x.rows, x.columns};
  cohort::group_advantage<T>(context, reward, {vector(x.advantage, x.rows), groups},
                             {.groups = cohort::uniform_groups{8}});
  cohort::gae<T>(context,
                 {.layout = layout,
                  .reward = matrix<T const>(x.log_prob, x.rows, x.columns),
                  .value = matrix<T const>(x.value, x.rows, x.columns)},
                 {.advantage = matrix(x.seed, x.rows, x.columns), .report = counts}, {.gamma = 1, .lambda = 0.95});
}

template <class T>
void losses(context_type& context, tokens<T> const& x, cohort::loss_sums* report) {
  cohort::policy_loss<T>(context,
                         {.layout = cohort::padded{x.rows, x.columns},
                          .log_prob = matrix<T const>(x.log_prob, x.rows, x.columns),
                          .old_log_prob = matrix<T const>(x.old_log_prob, x.rows, x.columns),
                          .ref_log_prob = matrix<T const>(x.ref_log_prob, x.rows, x.columns),
                          .advantage = cohort::per_sequence(vector<T const>(x.advantage, x.rows))},
                         {.d_log_prob = matrix(x.seed, x.rows, x.columns), .report = report},
                         cohort::objective(cohort::ppo_clip{}, cohort::k3{.beta = 0.04}),
                         {.normalizer = cohort::by_tokens()});
}

template <class L>
void log_probs(context_type& context, tokens<cohort::compute_t<L>> const& x, L* logits, index_t vocabulary,
               cohort::row_sums* report) {
  using T = cohort::compute_t<L>;
  index_t const n = x.rows * x.columns;
  auto const in = matrix<L const>(logits, n, vocabulary);
  auto const token = vector<std::int32_t const>(x.token, n);
  cohort::token_log_prob<L>(context, {.logits = in, .token = token},
                            {.log_prob = vector(x.log_prob, n), .report = report});
  cohort::token_log_prob_backward<L>(context, {.logits = in, .token = token, .d_log_prob = vector<T const>(x.seed, n)},
                                     {.d_logits = matrix(logits, n, vocabulary), .report = report});
}

template <class L>
void policy_gradients(context_type& context, tokens<cohort::compute_t<L>> const& x, L* logits, index_t vocabulary,
                      cohort::logits_sums* report) {
  using T = cohort::compute_t<L>;
  index_t const n = x.rows * x.columns;
  cohort::logits_policy_gradient<L>(context,
                                    {.layout = cohort::padded{x.rows, x.columns},
                                     .logits = matrix<L const>(logits, n, vocabulary),
                                     .token = vector<std::int32_t const>(x.token, n),
                                     .old_log_prob = matrix<T const>(x.old_log_prob, x.rows, x.columns),
                                     .ref_log_prob = matrix<T const>(x.ref_log_prob, x.rows, x.columns),
                                     .advantage = cohort::per_sequence(vector<T const>(x.advantage, x.rows))},
                                    {.d_logits = matrix(logits, n, vocabulary), .report = report},
                                    cohort::objective(cohort::ppo_clip{}, cohort::k3{.beta = 0.04}),
                                    {.normalizer = cohort::by_tokens(double(n))});
}

} // namespace cuda_rows
