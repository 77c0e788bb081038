// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// compaction::none: products over all rows, nothing that waits, and nothing of a row without a gradient in a result.
#include <gradient/head_policy_cases.hpp>

namespace {

using cohort::ratio_level;
using head::index_t;

auto const clipped = cohort::objective(cohort::ppo_clip{.low = 0.1, .high = 0.1});
cases::batch_shape const sequences{.rows = 6, .longest = 7, .hole = 0.3, .empty = 0.2};

template <class L, class Context>
head::outcome<L> run_all_rows(Context& context, head::problem<L> const& p,
                              cohort::head_policy_gradient_options options) {
  options.compaction = cohort::compaction::none;
  head::no_waiting<Context> impatient{context};
  return head::run(impatient, p, clipped, options);
}

/// In every option that changes the order of things.
template <class F>
void for_each_order(F const& f) {
  for (auto const level : {ratio_level::token, ratio_level::sequence})
    for (index_t const chunk : {1, 4, 1024})
      for (double const cap : {cohort::infinity, 5.0}) {
        auto options = head::shaped(cohort::by_sequence_means(), {.soft_cap = cap}, chunk);
        options.ratio = level;
        f(options);
      }
}

} // namespace

TEMPLATE_TEST_CASE("compaction::none: the same but for the order of sums", "[gradient][head]", float, double,
                   cohort::half, cohort::bfloat16) {
  head::problem<TestType> p(31, sequences, 7, 19);
  for (std::size_t i = 0; i < p.batch.tokens(); i += 5) p.batch.advantage[i] = 0;
  for_each_order([&](auto const& options) {
    support::on_every_context([&](auto& context) {
      auto const closed_up = head::run(context, p, clipped, options), all = run_all_rows(context, p, options);
      CHECK(head::gap(all, closed_up) <= head::rounding<TestType>);
      CHECK(head::gap(all.d_log_prob, closed_up.d_log_prob) <= head::rounding<TestType>);
      CHECK(all.sums.policy.tokens == closed_up.sums.policy.tokens);
      CHECK((all.sums.skipped == closed_up.sums.skipped && all.sums.policy.bad_slots == 0));
      CHECK(all.sums.rows_without_gradient == closed_up.sums.rows_without_gradient);
    });
  });
}

TEMPLATE_TEST_CASE("compaction::none: NaN under the mask and in bad rows touches nothing", "[gradient][head]", float,
                   double, cohort::half, cohort::bfloat16) {
  head::problem<TestType> p(32, sequences, 7, 19);
  auto poisoned = p;
  std::size_t bad = p.batch.tokens();
  for (std::size_t i = 0; i < p.batch.tokens(); ++i) {
    if (p.batch.mask[i]) bad = i;
    if (p.batch.mask[i]) continue;
    std::fill_n(poisoned.m.hidden.data() + i * 7, 7, head::stored<TestType>(cohort::not_a_number));
    poisoned.m.token[i] = -5;
  }
  REQUIRE(bad < p.batch.tokens());
  for_each_order([&](auto options) {
    options.normalizer = cohort::by_constant(20);
    support::on_every_context([&](auto& context) {
      CHECK(head::same(run_all_rows(context, poisoned, options), run_all_rows(context, p, options)));
      auto broken = p, masked = p;
      std::fill_n(broken.m.hidden.data() + bad * 7, 7, head::stored<TestType>(cohort::not_a_number));
      masked.batch.mask[bad] = 0;
      auto const found = run_all_rows(context, broken, options), without = run_all_rows(context, masked, options);
      CHECK(found.sums.policy.bad_slots == 1);
      if (options.ratio == ratio_level::token) CHECK(head::gap(found, without) <= head::rounding<TestType>);
      for (auto const& x : found.d_hidden) CHECK(std::isfinite(head::value(x)));
      for (auto const x : found.d_weights) CHECK(std::isfinite(x));
    });
  });
}

TEMPLATE_TEST_CASE("compaction::none: a weight that is NaN makes every row bad, and no gradient", "[gradient][head]",
                   float, cohort::bfloat16) {
  head::problem<TestType> p(33, {.rows = 2, .longest = 4, .hole = 0, .empty = 0}, 5, 11);
  p.m.weights[12] = head::stored<TestType>(cohort::not_a_number);
  for_each_order([&](auto const& options) {
    support::on_every_context([&](auto& context) {
      for (auto const& found : {head::run(context, p, clipped, options), run_all_rows(context, p, options)}) {
        CHECK(found.sums.policy.bad_slots == static_cast<double>(p.batch.tokens()));
        for (auto const& x : found.d_hidden) CHECK(head::value(x) == 0);
        for (auto const x : found.d_weights) CHECK(x == head::before);
        for (auto const x : found.d_bias) CHECK(x == head::before);
      }
    });
  });
}

TEMPLATE_TEST_CASE("compaction::none: no tokens, or none valid", "[gradient][head]", float, cohort::half) {
  support::on_every_context([](auto& context) {
    head::problem<TestType> p(34, sequences, 7, 19);
    std::fill(p.batch.mask.begin(), p.batch.mask.end(), std::uint8_t{0});
    head::problem<TestType> const empty(35, {.rows = 0, .longest = 3}, 7, 19);
    auto const options = head::shaped(cohort::by_tokens(), {});
    auto const found = run_all_rows(context, p, options), none = run_all_rows(context, empty, options);
    CHECK(support::same_bits(found.d_hidden, std::vector<TestType>(found.d_hidden.size())));
    for (auto const x : found.d_weights) CHECK(x == head::before);
    CHECK((none.d_hidden.empty() && none.sums.policy.tokens == 0));
  });
}

TEST_CASE("compaction::none: less workspace", "[gradient][head]") {
  head::problem<float> const p(36, sequences, 7, 19);
  support::on_every_context(
      [&](auto& context) {
        auto const options = head::shaped(cohort::by_tokens(), {});
        run_all_rows(context, p, options);
        auto const bytes = context.scratch().bytes;
        head::run(context, p, clipped, options);
        CHECK(context.scratch().bytes >= bytes + p.m.tokens * 64);
      },
      0);
}

TEMPLATE_TEST_CASE("head_policy_gradient: gradients of weights are added in float", "[gradient][head]", cohort::half,
                   cohort::bfloat16) {
  head::problem<TestType> p(37, sequences, 7, 19);
  auto const options = head::shaped(cohort::by_tokens(64), {});
  auto const e = head::expected(p, clipped, options);
  support::on_every_context([&](auto& context) {
    auto const found = head::run(context, p, clipped, options);
    bool seen = false; // less than the type could add to what is there
    for (std::size_t i = 0; i < e.d_weights.size(); ++i) {
      double const part = std::fabs(e.d_weights[i] - head::before);
      if (part == 0 || part > head::before * head::storage_roundoff<TestType> / 2) continue;
      seen = true;
      CHECK(double{found.d_weights[i]} != head::before);
    }
    CHECK(seen);
  });
}
