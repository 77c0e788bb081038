// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows without a gradient: not read where that is known beforehand, zeroed or left alone, and not on the list.
#include "logits_parts.hpp"

using namespace oracle;

namespace {

template <class L>
L* row_of(policy_batch<L> const& b, std::vector<L>& x, std::size_t t) {
  return x.data() + t * static_cast<std::size_t>(b.rows.pitch);
}
/// Whether a row of the gradient, padding too, is one value all over.
template <class L>
bool row_is(policy_batch<L> const& b, std::vector<L> const& x, std::size_t t, L what) {
  auto const width = static_cast<std::size_t>(b.rows.pitch);
  for (std::size_t v = 0; v < width; ++v)
    if (!support::same_bits(x[t * width + v], what)) return false;
  return true;
}

/// Valid, and no advantage.
template <class L>
bool idle(policy_batch<L> const& b, std::size_t t) {
  return b.valid(t) && b.advantage[t] == 0;
}
template <class L>
std::size_t count_idle(policy_batch<L> const& b) {
  std::size_t n = 0;
  for (std::size_t t = 0; t < b.tokens(); ++t) n += idle(b, t);
  return n;
}

/// NaN in every row of logits that has no advantage; token and ids too.
template <class L>
policy_batch<L> poisoned(policy_batch<L> b) {
  for (std::size_t t = 0; t < b.tokens(); ++t) {
    if (!idle(b, t)) continue;
    for (index_t v = 0; v < b.rows.vocabulary; ++v) row_of(b, b.rows.logits, t)[v] = stored<L>(cohort::not_a_number);
    b.rows.token[t] = -(std::int64_t{1} << 50);
  }
  return b;
}

/// Whether the list names exactly the rows with something other than 0.
template <class L>
bool list_is_right(policy_batch<L> const& b, policy_outcome<L> const& x) {
  std::vector<std::int64_t> rows;
  for (std::size_t t = 0; t < b.tokens(); ++t)
    if (x.d_log_prob[t] != 0) rows.push_back(static_cast<std::int64_t>(t));
  rows.resize(b.tokens(), -1);
  return rows == x.live_rows;
}

policy_call by_tokens(cohort::ratio_level level = cohort::ratio_level::token, bool entropy = false) {
  return {.options = {.normalizer = cohort::by_tokens(), .ratio = level}, .entropy = entropy};
}

} // namespace

TEMPLATE_TEST_CASE("rows without an advantage are not read", "[gradient][logits_zero_rows]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{});
  for (bool const packed : {false, true})
    for (auto const level : every_level)
      for (bool const in_place : {false, true}) {
        auto const b =
            random_policy<L>(111, {.sequences = 8, .longest = 6, .packed = packed, .padding = 3, .no_advantage = 0.4});
        auto const dirty = poisoned(b);
        auto call = by_tokens(level, packed);
        call.in_place = in_place;
        CAPTURE(packed, static_cast<int>(level), in_place);
        support::on_every_context([&](auto& context) {
          auto const clean = run_policy(context, b, f, call), x = run_policy(context, dirty, f, call);
          CHECK(same(x, clean));
          CHECK(x.sums.skipped == static_cast<double>(count_idle(b)));
          CHECK((x.sums.skipped > 3 && x.sums.policy.bad_slots == 0));
          CHECK(list_is_right(b, x));
          bool right = true;
          for (std::size_t t = 0; t < b.tokens(); ++t) {
            if (!b.valid(t))
              right = right && x.log_prob[t] == 0 && x.log_sum_exp[t] == 0 && (!packed || x.entropy[t] == 0);
            if (idle(b, t)) right = right && std::isnan(x.log_prob[t]) && std::isnan(x.log_sum_exp[t]);
            if (!b.valid(t) || idle(b, t))
              right = right && x.d_log_prob[t] == 0 && row_is(b, x.d_logits, t, stored<L>(0));
          }
          CHECK(right);
        });
      }
}

TEMPLATE_TEST_CASE("reading every row changes no gradient, and reports like policy_loss",
                   "[gradient][logits_zero_rows]", float, cohort::bfloat16) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{});
  auto const b = random_policy<L>(112, {.sequences = 8, .longest = 6, .no_advantage = 0.4});
  for (auto const level : every_level)
    support::on_every_context([&](auto& context) {
      auto call = by_tokens(level);
      auto const live = run_policy(context, b, f, call);
      call.options.score = cohort::score_rows::all;
      auto const all = run_policy(context, b, f, call), three = run_parts(context, b, f, call);
      CHECK(support::same_bits(live.d_logits, all.d_logits));
      CHECK(support::same_bits(live.d_log_prob, all.d_log_prob));
      CHECK(live.live_rows == all.live_rows);
      CHECK((live.sums.skipped > 0 && all.sums.skipped == 0));
      CHECK(support::same_bits(all.log_prob, three.log_prob));
      check_reports(cohort::report_of(all.sums).policy, cohort::report_of(three.sums.policy));
      CHECK(live.sums.policy.loss == approx(all.sums.policy.loss).epsilon(1e-14).margin(1e-16)); // 0 each
    });
}

TEST_CASE("a penalty or a term of the distribution reads every valid row", "[gradient][logits_zero_rows]") {
  auto const b = random_policy<float>(113, {.sequences = 8, .longest = 6, .no_advantage = 0.4});
  support::on_every_context([&](auto& context) {
    auto const none = run_policy(context, b, cohort::objective(cohort::ppo_clip{}, cohort::k3{0}), by_tokens());
    CHECK(none.sums.skipped > 0); // a weight of 0 is no penalty
    auto const k3 = run_policy(context, b, cohort::objective(cohort::ppo_clip{}, cohort::k3{0.1}), by_tokens());
    CHECK((k3.sums.skipped == 0 && list_is_right(b, k3)));
    auto call = by_tokens();
    call.options.entropy.coefficient = 0.1;
    CHECK(run_policy(context, b, cohort::objective(cohort::ppo_clip{}), call).sums.skipped == 0);
    call.options.entropy.coefficient = 0, call.options.distribution_kl = 0.1, call.reference = true;
    CHECK(run_policy(context, b, cohort::objective(cohort::ppo_clip{}), call).sums.skipped == 0);
  });
}

TEMPLATE_TEST_CASE("rows that are left alone keep their bits", "[gradient][logits_zero_rows]", float, double,
                   cohort::bfloat16) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{});
  for (bool const in_place : {false, true})
    for (auto const level : every_level) {
      auto const b = poisoned(random_policy<L>(114, {.sequences = 8, .longest = 6, .padding = 3, .no_advantage = 0.4}));
      CAPTURE(in_place, static_cast<int>(level));
      support::on_every_context([&](auto& context) {
        auto call = by_tokens(level);
        call.in_place = in_place;
        auto const zeros = run_policy(context, b, f, call);
        call.options.zero_rows = cohort::zero_rows::leave;
        auto x = run_policy(context, b, f, call);
        CHECK((x.live_rows == zeros.live_rows && list_is_right(b, x)));
        CHECK(support::same_bits(x.sums, zeros.sums));
        bool right = true;
        for (std::size_t t = 0; t < b.tokens(); ++t) {
          bool const live = x.d_log_prob[t] != 0;
          auto const width = static_cast<std::size_t>(b.rows.pitch) * sizeof(L);
          auto const* const row = row_of(b, x.d_logits, t);
          if (live) right = right && std::memcmp(row, zeros.d_logits.data() + t * width / sizeof(L), width) == 0;
          if (b.valid(t) && !idle(b, t)) continue; // read, and perhaps used as room
          right = right && (in_place ? std::memcmp(row, b.rows.logits.data() + t * width / sizeof(L), width) == 0
                                     : row_is(b, x.d_logits, t, stored<L>(55)));
        }
        CHECK(right);
      });
    }
}

TEMPLATE_TEST_CASE("clipped rows are zero, read, and not on the list", "[gradient][logits_zero_rows]", float,
                   cohort::half) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{.low = 0.05, .high = 0.05});
  auto const b = random_policy<L>(115, {.sequences = 8, .longest = 6, .padding = 2, .no_advantage = 0});
  for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence_token})
    support::on_every_context([&](auto& context) {
      auto const x = run_policy(context, b, f, by_tokens(level));
      std::size_t zero = 0;
      bool right = true;
      for (std::size_t t = 0; t < b.tokens(); ++t)
        if (b.valid(t) && x.d_log_prob[t] == 0) right = right && row_is(b, x.d_logits, t, stored<L>(0)), ++zero;
      auto const r = cohort::report_of(x.sums);
      CHECK((right && zero > 3 && list_is_right(b, x) && r.skipped == 0));
      if (level == cohort::ratio_level::token) CHECK(r.rows_without_gradient == static_cast<index_t>(zero));
      CHECK((r.policy.clip_low + r.policy.clip_high) * x.sums.policy.tokens == approx(static_cast<double>(zero)));
    });
}
