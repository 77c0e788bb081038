// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Loss, gradient and every metric of random batches against the definition in long double.
#include <tuple>

#include <cases/contexts.hpp>
#include <cases/loss_oracle.hpp>

namespace {

using cohort::ratio_level;

std::vector<cohort::normalizer> normalizers() {
  return {cohort::by_tokens(),      cohort::by_tokens(123),      cohort::by_sequences(),
          cohort::by_sequences(9),  cohort::by_sequence_means(), cohort::by_sequence_means(17.5),
          cohort::by_constant(4096)};
}

} // namespace

TEST_CASE("policy_loss: random batches against the definition", "[objective][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (bool const per_sequence : {false, true})
      for (auto const& [seed, rows, longest] : {std::tuple{1U, 13, 40}, {2U, 3, 700}, {3U, 40, 5}}) {
        auto const b = cases::random_batch<T>(seed, {.rows = rows, .longest = longest, .per_sequence = per_sequence});
        for (auto const level : {ratio_level::token, ratio_level::sequence})
          for (auto const& by : normalizers()) {
            INFO("seed " << seed << ", level " << int(level) << ", normaliser " << int(by.kind) << ", per sequence "
                         << per_sequence);
            cases::for_each_objective({0.2, 0.28}, 0.3, [&](auto const& f) {
              auto const out = cases::run_packed(context, b, f, {by, level});
              auto const expected = cases::loss_oracle(b, f, {by, level});
              cases::check_report<T>(context, out.sums, expected);
              cases::check_seed(out.seed, expected);
            });
          }
      }
  });
}

TEST_CASE("policy_loss: an advantage per sequence is that advantage at each of its tokens", "[objective][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(7, {.rows = 21, .longest = 50, .per_sequence = true});
    auto const offsets = b.offsets();
    auto const advantage = b.sequence_advantage();
    auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.04});
    for (auto const level : {ratio_level::token, ratio_level::sequence}) {
      cohort::policy_loss_options const options{cohort::by_sequence_means(), level};
      auto const tokens = cases::run_packed(context, b, f, options);
      std::vector<T> seed(b.tokens());
      cohort::loss_sums sums;
      cohort::policy_loss<T>(context,
                             {.layout = cohort::packed(offsets),
                              .log_prob = b.log_prob,
                              .old_log_prob = b.old_log_prob,
                              .ref_log_prob = b.ref_log_prob,
                              .advantage = cohort::per_sequence(advantage),
                              .mask = b.mask},
                             {.d_log_prob = seed, .report = &sums}, f, options);
      CHECK(support::same_bits(seed, tokens.seed));
      CHECK(support::same_bits(sums, tokens.sums));
    }
  });
}

TEST_CASE("policy_loss: the first step, new equal to old", "[objective][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = cases::random_batch<T>(9, {.rows = 10, .longest = 30, .hole = 0});
    b.old_log_prob = b.log_prob;
    auto const out = cases::run_packed(context, b, cohort::objective(cohort::ppo_clip{}), {cohort::by_constant(1)});
    for (std::size_t i = 0; i < b.tokens(); ++i)
      if (b.mask[i]) CHECK(out.seed[i] == -b.advantage[i]);
    CHECK(out.sums.clipped_low == 0);
    CHECK(out.sums.clipped_high == 0);
    CHECK(out.sums.ratio_min == 1);
    CHECK(out.sums.ratio_max == 1);
    CHECK(out.sums.negative_log_ratio == 0);
  });
}
