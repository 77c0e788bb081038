// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Every body compiles for the device, with all warnings as errors: one thread per row, as Thrust runs them.
#include <cohort/advantage/group_advantage.hpp>
#include <cohort/advantage/group_statistics.hpp>
#include <cohort/advantage/process_advantage.hpp>
#include <cohort/advantage/return_to_go.hpp>
#include <cohort/advantage/whiten.hpp>
#include <cohort/backend/detail/thread_team.hpp>
#include <cohort/formula/absolute_kl.hpp>
#include <cohort/formula/cispo.hpp>
#include <cohort/formula/clamped_kl.hpp>
#include <cohort/formula/k1.hpp>
#include <cohort/formula/k2.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/formula/ratio_corrected.hpp>
#include <cohort/formula/sapo.hpp>
#include <cohort/formula/straight_through.hpp>
#include <cohort/formula/two_sided_clip.hpp>
#include <cohort/formula/vespo.hpp>
#include <cohort/gradient/accumulate_policy_gradient.hpp>
#include <cohort/gradient/head_log_prob.hpp>
#include <cohort/gradient/head_policy_gradient.hpp>
#include <cohort/gradient/logits_policy_gradient.hpp>
#include <cohort/gradient/token_log_prob.hpp>
#include <cohort/objective/importance_ratio.hpp>
#include <cohort/objective/policy_loss.hpp>
#include <cohort/objective/value_loss.hpp>
#include <cohort/reward/kl_penalty.hpp>

namespace {

using space = cohort::device_space;

template <class Body, class Total>
__global__ void one_thread_per_row(Body body, Total* totals, cohort::index_t rows) {
  cohort::index_t const r = static_cast<cohort::index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (r < rows) totals[r] = body(cohort::detail::thread_team<typename Body::compute_type>{}, r);
}

template <template <class> class A, class Body>
void launch(Body const& body, A<double>* totals) {
  one_thread_per_row<<<1, 1>>>(body, totals, cohort::index_t{0});
}

template <class T, class Kl, class Surrogate = cohort::ppo_clip>
void objectives(Kl kl, Surrogate surrogate = {}) {
  using body = cohort::detail::policy_loss_body<T, space, Surrogate, Kl>;
  launch<cohort::basic_loss_sums>(
      body{{}, {}, {}, {}, {}, {}, {}, {}, {surrogate, kl, cohort::ratio_level::token, {}}, cohort::by_constant(1)},
      nullptr);
}

template <class T>
void bodies() {
  objectives<T>(cohort::no_kl{});
  objectives<T>(cohort::k1{0});
  objectives<T>(cohort::k2{0});
  objectives<T>(cohort::k3{0});
  objectives<T>(cohort::absolute_kl{0}, cohort::dual_clip{});
  objectives<T>(cohort::straight_through<cohort::clamped_kl<cohort::k3>>{0}, cohort::dual_clip{});
  objectives<T>(cohort::ratio_corrected<cohort::k3>{0}, cohort::two_sided_clip{});
  objectives<T>(cohort::no_kl{}, cohort::cispo{.low = 0, .high = 1});
  objectives<T>(cohort::ratio_corrected<cohort::k3>{0}, cohort::vespo{});
  objectives<T>(cohort::no_kl{}, cohort::sapo{});
  namespace d = cohort::detail;
  launch<d::batch_count>(d::batch_count_body<T, space>{}, nullptr);
  launch<cohort::basic_ratio_sums>(d::importance_ratio_body<T, space>{}, nullptr);
  using value_body = d::value_loss_body<T, space, cohort::squared_error>;
  launch<cohort::basic_value_sums>(value_body{{}, {}, {}, {}, {}, {}, {}, cohort::by_constant(1)}, nullptr);
  launch<cohort::basic_group_sums>(d::group_statistics_body<T, space>{}, nullptr);
  launch<cohort::basic_group_sums>(d::group_advantage_body<T, space>{}, nullptr);
  launch<cohort::sum_of>(d::batch_deviation_body<T, space>{}, nullptr);
  launch<cohort::nothing>(d::step_range_body<T, space>{}, nullptr);
  launch<cohort::nothing>(d::step_sum_body<T, space>{}, nullptr);
  launch<cohort::nothing>(d::step_suffix_body<T, space>{}, nullptr);
  launch<cohort::basic_token_counts>(d::gae_body<T, space>{}, nullptr);
  launch<cohort::basic_penalty_sums>(d::kl_penalty_body<T, space, cohort::k1>{{}, {}, {}, {}, {}, {}, {0}}, nullptr);
  launch<d::centred_sums>(d::value_sum_body<T, space>{}, nullptr);
  launch<d::deviation_sums>(d::value_deviation_body<T, space>{}, nullptr);
  launch<cohort::nothing>(d::whiten_body<T, space>{}, nullptr);
}

template <class L>
void logits() {
  namespace d = cohort::detail;
  launch<cohort::basic_row_sums>(d::token_log_prob_body<L, space>{}, nullptr);
  using backward = d::token_log_prob_backward_body<L, space>;
  launch<cohort::basic_row_sums>(d::rows_in_pass<backward, d::row_pass::plain>{}, nullptr);
  launch<cohort::basic_row_sums>(d::rows_in_pass<backward, d::row_pass::whole>{}, nullptr);
  launch<cohort::basic_row_sums>(d::rows_in_pass<backward, d::row_pass::masked>{}, nullptr);
}

/// logits_policy_gradient: rows of logits, and the tokens behind them.
template <class L, class Kl>
void policy_rows(Kl kl) {
  namespace d = cohort::detail;
  using T = cohort::compute_t<L>;
  using ppo = cohort::ppo_clip;
  cohort::normalizer const by = cohort::by_constant(1);
  d::policy_tokens<T, space, ppo, Kl> const tokens{
      {{}, {}, {}, {}, {}, {}, {}, {}, {ppo{}, kl, cohort::ratio_level::token, {}}, by},
      {0, 0, by},
      false,
      {},
      {},
      {},
      {},
      {}};
  launch<cohort::nothing>(d::live_tokens_body<T, space, ppo, Kl>{tokens}, nullptr);
  launch<cohort::basic_logits_sums>(d::token_seeds_body<T, space, ppo, Kl>{tokens, nullptr}, nullptr);
  launch<cohort::nothing>(d::list_rows_body<T, d::token_is_live>{}, nullptr);
  using rows = d::logits_rows_body<L, space, ppo, Kl>;
  rows const all{{}, 0, {}, {}, {}, {}, {}, nullptr, 1, d::rows_phase::fused, true, tokens};
  launch<cohort::basic_row_terms>(d::rows_in_pass<rows, d::row_pass::plain>{all}, nullptr);
  launch<cohort::basic_row_terms>(d::rows_in_pass<rows, d::row_pass::whole>{all}, nullptr);
  launch<cohort::basic_row_terms>(d::rows_in_pass<rows, d::row_pass::masked>{all}, nullptr);
}

template <class T>
void heads() {
  namespace d = cohort::detail;
  launch<cohort::nothing>(d::each_cell_body<T, d::copied_cells<T>>{}, nullptr);
  launch<cohort::nothing>(d::each_cell_body<T, d::filled_cells<T, T>>{}, nullptr);
  launch<cohort::nothing>(d::each_cell_body<T, d::capped_cells<T>>{}, nullptr);
  launch<cohort::nothing>(d::each_cell_body<T, d::uncapped_gradient_cells<T>>{}, nullptr);
  launch<cohort::nothing>(d::list_rows_body<T, d::row_is_valid<T, space>>{}, nullptr);
  launch<cohort::nothing>(d::close_up_body<T, d::token_is_live>{}, nullptr);
  launch<cohort::nothing>(d::masked_rows_body<T, space>{}, nullptr);
  launch<cohort::basic_row_sums>(d::after_body<d::head_score_body<T, space>, cohort::row_sums>{}, nullptr);
}

template <class T, class S>
void scores() {
  double* const sum = nullptr;
  launch<cohort::basic_gradient_sums>(
      cohort::detail::accumulate_body<T, S, space>{.parameters = 0,
                                                   .tokens = 0,
                                                   .scores = nullptr,
                                                   .score_stride = 0,
                                                   .gradient = cohort::view<double, 1, space>(sum, {0}, {1}),
                                                   .sum = nullptr,
                                                   .sum_stride = 1,
                                                   .previous = nullptr},
      nullptr);
}

} // namespace

void every_body() {
  bodies<float>();
  bodies<double>();
  launch<cohort::nothing>(cohort::detail::group_range_body<space>{}, nullptr);
  launch<cohort::nothing>(cohort::detail::group_mean_body<space>{}, nullptr);
  launch<cohort::nothing>(cohort::detail::moment_body{}, nullptr);
  launch<cohort::nothing>(cohort::detail::moment_copy_body{}, nullptr);
  launch<cohort::basic_group_sums>(cohort::detail::group_factor_body<space>{}, nullptr);
  logits<float>();
  logits<double>();
  logits<cohort::half>();
  logits<cohort::bfloat16>();
  policy_rows<float>(cohort::k3{0});
  policy_rows<double>(cohort::no_kl{});
  policy_rows<cohort::half>(cohort::k3{0});
  policy_rows<cohort::bfloat16>(cohort::no_kl{});
  heads<float>();
  heads<double>();
  scores<float, float>();
  scores<double, double>();
  scores<float, cohort::half>();
  scores<float, cohort::bfloat16>();
}
