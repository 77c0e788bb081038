// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Which rows of a head matter, and that nothing else does: layout, masks, chunks, threads, rows without a gradient.
#include <gradient/head_policy_cases.hpp>

namespace {

using cohort::ratio_level;
using head::index_t;

auto const clipped = cohort::objective(cohort::ppo_clip{.low = 0.1, .high = 0.1});
cases::batch_shape const sequences{.rows = 6, .longest = 7, .hole = 0.3, .empty = 0.2};

using head::gap;
using head::rounding;

} // namespace

TEMPLATE_TEST_CASE("head_policy_gradient: padded is packed, NaN under the mask, any threads: bit for bit",
                   "[gradient][head]", float, double, cohort::half, cohort::bfloat16) {
  head::problem<TestType> const p(21, sequences, 7, 19);
  for (auto const level : {ratio_level::token, ratio_level::sequence})
    for (index_t const chunk : {4, 1024}) {
      auto options = head::shaped(cohort::by_sequence_means(), {}, chunk);
      options.ratio = level;
      auto const all = cases::outcomes([&](auto& context) {
        auto const packed = head::run(context, p, clipped, options);
        auto const padded = head::run_padded(context, p, 9, clipped, options);
        CHECK(head::same(packed, padded));
        CHECK(support::same_bits(packed.sums.policy.loss, padded.sums.policy.loss));
        return packed;
      });
      for (std::size_t i = cases::first_eigen; i < all.size(); ++i) CHECK(head::same(all[i], all[cases::first_eigen]));
    }
}

TEMPLATE_TEST_CASE("head_policy_gradient: chunks change roundings only", "[gradient][head]", float, double,
                   cohort::half, cohort::bfloat16) {
  head::problem<TestType> const p(22, sequences, 7, 19, {.soft_cap = 5});
  for (auto const level : {ratio_level::token, ratio_level::sequence}) {
    auto options = head::shaped(cohort::by_tokens(), {.soft_cap = 5});
    options.ratio = level;
    support::on_every_context([&](auto& context) {
      auto const whole = head::run(context, p, clipped, options);
      CHECK((whole.sums.rows_without_gradient > 0 || level == ratio_level::sequence));
      for (index_t const chunk : {1, 3, 7}) {
        options.chunk_rows = chunk;
        auto const found = head::run(context, p, clipped, options);
        CHECK(gap(found, whole) <= rounding<TestType>);
        CHECK(found.sums.policy.tokens == whole.sums.policy.tokens);
        CHECK(found.sums.rows_without_gradient == whole.sums.rows_without_gradient);
      }
      options.chunk_rows = 1024;
    });
  }
}

TEMPLATE_TEST_CASE("head_policy_gradient: rows known to have no gradient are left out", "[gradient][head]", float,
                   double, cohort::half, cohort::bfloat16) {
  head::problem<TestType> p(23, sequences, 7, 19);
  std::size_t skipped = 0;
  for (std::size_t i = 0; i < p.batch.tokens(); i += 3) p.batch.advantage[i] = 0, skipped += p.batch.mask[i] != 0;
  auto options = head::shaped(cohort::by_tokens(), {}, 5);
  support::on_every_context([&](auto& context) {
    options.score = cohort::score_rows::live;
    auto const live = head::run(context, p, clipped, options);
    options.score = cohort::score_rows::all;
    auto const all = head::run(context, p, clipped, options);
    CHECK(gap(live, all) <= rounding<TestType>);
    CHECK((live.sums.skipped == static_cast<double>(skipped) && all.sums.skipped == 0));
    for (std::size_t i = 0; i < p.batch.tokens(); i += 3) {
      if (!p.batch.mask[i]) continue;
      CHECK((std::isnan(live.log_prob[i]) && all.log_prob[i] < 0 && live.d_log_prob[i] == 0));
      for (std::size_t h = 0; h < 7; ++h) CHECK(head::value(live.d_hidden[i * 7 + h]) == 0);
    }
    auto poisoned = p;
    for (std::size_t i = 0; i < p.batch.tokens(); i += 3)
      std::fill_n(poisoned.m.hidden.data() + i * 7, 7, head::stored<TestType>(cohort::not_a_number));
    options.score = cohort::score_rows::live;
    CHECK(head::same(head::run(context, poisoned, clipped, options), live));
  });
}

TEMPLATE_TEST_CASE("head_policy_gradient: bad rows are counted and touch nothing else", "[gradient][head]", float,
                   double, cohort::half, cohort::bfloat16) {
  head::problem<TestType> p(24, {.rows = 4, .longest = 6, .hole = 0, .empty = 0}, 5, 11);
  auto masked = p;
  std::size_t const bad[] = {1, 4, 6};
  p.m.token[bad[0]] = 11;
  p.m.hidden[bad[1] * 5 + 2] = head::stored<TestType>(cohort::not_a_number);
  p.m.hidden[bad[2] * 5] = head::stored<TestType>(-cohort::infinity);
  for (auto const i : bad) masked.batch.mask[i] = 0;
  for (auto const level : {ratio_level::token, ratio_level::sequence_product})
    for (index_t const chunk : {2, 1024}) {
      auto options = head::shaped(cohort::by_constant(20), {}, chunk);
      options.ratio = level;
      options.entropy.coefficient = chunk == 2 ? 0.01 : 0;
      support::on_every_context([&](auto& context) {
        auto const found = head::run(context, p, clipped, options),
                   without = head::run(context, masked, clipped, options);
        CHECK((found.sums.policy.bad_slots == 3 && found.sums.policy.first_bad_slot == 1));
        CHECK(gap(found, without) <= rounding<TestType>);
        for (auto const i : bad) CHECK((std::isnan(found.log_prob[i]) && found.d_log_prob[i] == 0));
        CHECK_THROWS_AS(cohort::read(context, &found.sums), cohort::data_error);
      });
    }
}

TEMPLATE_TEST_CASE("head_policy_gradient: classes of logit -inf get exactly 0", "[gradient][head]", float, double,
                   cohort::half, cohort::bfloat16) {
  head::problem<TestType> p(28, {.rows = 2, .longest = 4, .hole = 0, .empty = 0}, 5, 11);
  std::size_t const impossible[] = {3, 10};
  for (auto const v : impossible) p.m.bias[v] = head::stored<TestType>(-cohort::infinity);
  for (auto& id : p.m.token) id = 2;
  support::on_every_context([&](auto& context) {
    auto const found = head::run(context, p, clipped, head::shaped(cohort::by_tokens(), {}));
    CHECK(cohort::read(context, &found.sums).policy.bad_slots == 0);
    for (auto const x : found.d_hidden) CHECK(std::isfinite(head::value(x)));
    for (auto const v : impossible) {
      CHECK(found.d_bias[v] == head::before);
      for (std::size_t h = 0; h < 5; ++h) CHECK(found.d_weights[v * 5 + h] == head::before);
    }
  });
}

TEMPLATE_TEST_CASE("head_policy_gradient: micro-batches add up", "[gradient][head]", float, double) {
  head::problem<TestType> const p(25, sequences, 7, 19);
  auto const options = head::shaped(cohort::by_tokens(30), {});
  support::on_every_context([&](auto& context) {
    auto const whole = head::run(context, p, clipped, options);
    auto first = p, second = p;
    for (std::size_t i = 0; i < p.batch.tokens(); ++i) (i < 9 ? second : first).batch.mask[i] = 0;
    auto a = head::run(context, first, clipped, options), b = head::run(context, second, clipped, options);
    for (auto const part :
         {&head::outcome<TestType>::d_hidden, &head::outcome<TestType>::d_weights, &head::outcome<TestType>::d_bias}) {
      TestType const held =
          part == &head::outcome<TestType>::d_hidden ? TestType(0) : static_cast<TestType>(head::before);
      for (std::size_t i = 0; i < (a.*part).size(); ++i) (a.*part)[i] += (b.*part)[i] - held;
    }
    CHECK(gap(a, whole) <= rounding<TestType>);
    CHECK(std::fabs(a.sums.policy.loss + b.sums.policy.loss - whole.sums.policy.loss) <= rounding<TestType>);
  });
}

TEMPLATE_TEST_CASE("head_policy_gradient: nothing to do", "[gradient][head]", float, double, cohort::half,
                   cohort::bfloat16) {
  support::on_every_context([](auto& context) {
    head::problem<TestType> p(26, sequences, 7, 19);
    std::fill(p.batch.mask.begin(), p.batch.mask.end(), std::uint8_t{0});
    for (auto const level : {ratio_level::token, ratio_level::sequence}) {
      auto options = head::shaped(cohort::by_tokens(), {});
      options.ratio = level;
      auto const found = head::run(context, p, clipped, options);
      CHECK(support::same_bits(found.d_hidden, std::vector<TestType>(found.d_hidden.size())));
      for (auto const x : found.d_weights) CHECK(x == head::before);
      CHECK((cohort::read(context, &found.sums).loss == 0 && found.sums.policy.tokens == 0));
      head::problem<TestType> const empty(27, {.rows = 0, .longest = 3}, 7, 19);
      auto const none = head::run(context, empty, clipped, options);
      CHECK((none.d_hidden.empty() && none.sums.policy.tokens == 0));
    }
  });
}
