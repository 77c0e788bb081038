// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What logits_policy_gradient reports of rows without a gradient, the same whether a ratio belongs to a token or to a
/// sequence: those are read in another order.
#include <cmath>

#include <cases/contexts.hpp>
#include <cases/tensors.hpp>
#include <support/catch.hpp>

namespace {

/// Three sequences of two tokens: on the bound's inner side, clipped, and of advantage 0.
template <class T, class Context>
cohort::logits_report report_at(Context& context, cohort::ratio_level level, std::vector<T>& entropy) {
  std::vector<T> const logits{0, 1, 2, 0, 0, 3, 0, 2, 0, 0, 4, 0}, advantage{1, 1, 0}, old{-1, -1, -5, -5, -1, -1};
  std::vector<std::int64_t> const token{1, 0, 1, 1, 0, 0};
  std::vector<T> d_logits(12);
  entropy.assign(6, T(77));
  cohort::logits_sums sums;
  cohort::logits_policy_gradient<T>(
      context,
      {.layout = cohort::padded{3, 2},
       .logits = cases::loose_matrix(logits.data(), 6, 2, 2),
       .token = token,
       .old_log_prob = old,
       .advantage = cohort::per_sequence(advantage)},
      {.d_logits = cases::loose_matrix(d_logits.data(), 6, 2, 2), .entropy = entropy, .report = &sums},
      cohort::objective(cohort::ppo_clip{.low = 0.9, .high = 5}),
      {.normalizer = cohort::by_tokens(), .ratio = level, .score = cohort::score_rows::all});
  return cohort::read(context, &sums);
}

} // namespace

TEST_CASE("logits_policy_gradient: rows without a gradient are counted at every level", "[gradient]") {
  cases::in_both_types([](auto& context, auto type) {
    using T = decltype(type);
    using level = cohort::ratio_level;
    for (auto const at : {level::token, level::sequence, level::sequence_token, level::sequence_product}) {
      INFO("ratio level " << static_cast<int>(at));
      std::vector<T> entropy;
      auto const report = report_at(context, at, entropy);
      double mean = 0;
      for (T const h : entropy) mean += static_cast<double>(h) / 6;
      CHECK(report.policy.tokens == 6);
      CHECK(report.rows_without_gradient == 4);
      CHECK(std::fabs(report.entropy - mean) < 1e-6);
    }
  });
}
