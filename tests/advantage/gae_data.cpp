// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rewards, values and bootstraps that are not finite: the token is as if masked, and counted; never silent.
#include <cases/contexts.hpp>
#include <cases/rewards.hpp>

namespace {

constexpr double endless = cohort::infinity, undefined = cohort::not_a_number;

/// Two sequences; the fourth token is in the middle of the second.
template <class T>
cases::reward_batch<T> example() {
  return {{2, 3}, {1, 2, 3, 4, 5}, {.5, .25, 2, 1, 3}, {1, 1, 1, 1, 1}, {0, 0, 0, 0, 0}, {6, 7}};
}

} // namespace

TEST_CASE("gae: a token that is not finite is left out and counted", "[advantage][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const bad : {undefined, endless, -endless})
      for (auto const member : {&cases::reward_batch<T>::reward, &cases::reward_batch<T>::value}) {
        auto broken = example<T>(), masked = example<T>();
        (broken.*member)[3] = static_cast<T>(bad), masked.mask[3] = 0;
        auto const out = cases::run_gae(context, broken, {0.9, 0.8});
        auto const expected = cases::run_gae(context, masked, {0.9, 0.8});
        CHECK(support::same_bits(out.advantage, expected.advantage));
        CHECK(support::same_bits(out.returns, expected.returns));
        CHECK_THROWS_AS(cohort::read(context, &out.counts), cohort::data_error);
        cohort::token_report const seen = cohort::read(context, &out.counts, cohort::on_data_error::accept);
        CHECK(seen.tokens == 4);
        CHECK(seen.bad_slots == 1);
        CHECK(seen.first_bad_slot == 3);
        CHECK(seen.first_bad_bootstrap == -1);
        broken.mask[3] = 0;
        CHECK(cohort::read(context, &expected.counts).bad_slots == 0);
        CHECK(cases::run_gae(context, broken, {0.9, 0.8}).counts.bad_slots == 0);
      }
  });
}

TEST_CASE("gae: a bootstrap that is not finite counts where a token needs it", "[advantage][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const bad : {undefined, endless, -endless}) {
      auto b = example<T>(), zero = example<T>();
      b.bootstrap[1] = static_cast<T>(bad), zero.bootstrap[1] = 0;
      for (cohort::index_t const columns : {0, 3, 100}) { // 0 is packed
        auto const run = [&](auto const& x) {
          if (columns == 0) return cases::run_gae(context, x, {0.9, 0.8});
          return cases::run_gae(context, cases::rectangle_of(x, columns, false, T(1)), {0.9, 0.8});
        };
        auto const out = run(b);
        CHECK(support::same_bits(out.advantage, run(zero).advantage));
        CHECK_THROWS_AS(cohort::read(context, &out.counts), cohort::data_error);
        cohort::token_report const seen = cohort::read(context, &out.counts, cohort::on_data_error::accept);
        CHECK((seen.tokens == 5 && seen.bad_slots == 0 && seen.bad_bootstraps == 1 && seen.first_bad_bootstrap == 1));
        auto ended = b; // the last token needs none, whatever is masked behind it
        ended.done[4] = 1;
        CHECK(cohort::report_of(run(ended).counts).bad_bootstraps == 0);
        ended.done[4] = 0, ended.done[3] = 1, ended.mask[4] = 0;
        CHECK(cohort::report_of(run(ended).counts).bad_bootstraps == 0);
        for (double const x : run(ended).advantage) CHECK(std::isfinite(x));
        auto empty = b;
        empty.mask[2] = empty.mask[3] = empty.mask[4] = 0;
        CHECK(cohort::report_of(run(empty).counts).tokens == 2);
      }
    }
  });
}

TEST_CASE("gae: reports of micro-batches merge", "[advantage][data]") {
  cohort::token_counts const a{.tokens = 3, .bad_slots = 1, .first_bad_slot = 5},
      b{.tokens = 4, .bad_slots = 2, .first_bad_slot = 2, .bad_bootstraps = 1, .first_bad_bootstrap = 7};
  cohort::token_report const seen = report_of(merge(a, b));
  CHECK((seen.tokens == 7 && seen.bad_slots == 3 && seen.first_bad_slot == 2 && seen.first_bad_bootstrap == 7));
  CHECK(check_data(cohort::token_counts{}).ok());
}
