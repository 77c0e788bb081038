// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Bad rows and tokens in logits_policy_gradient: gradient 0, excluded, counted; everything else is as if they had been
/// masked. Alike on every context, at every level, with and without terms of the distribution.
#include "logits_parts.hpp"

using namespace oracle;

namespace {

auto const objective = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.05});
constexpr double undefined = cohort::not_a_number, endless = cohort::infinity;

template <class L>
policy_batch<L> good() {
  return random_policy<L>(131,
                          {.sequences = 5, .longest = 6, .vocabulary = 37, .padding = 3, .hole = 0, .no_advantage = 0});
}
/// Rows 6 to 11 are an empty sequence.
constexpr std::size_t bad_token = 14;

enum class fault : int {
  token_below,
  token_above,
  token_in_padding,
  nan_logit,
  endless_logit,
  no_logit,
  nan_old,
  endless_old,
  nan_ref,
  nan_advantage,
  nan_reference_logit,
  impossible
};
constexpr fault of_policy[] = {fault::token_below,   fault::token_above,  fault::token_in_padding, fault::nan_logit,
                               fault::endless_logit, fault::no_logit,     fault::nan_old,          fault::endless_old,
                               fault::nan_ref,       fault::nan_advantage};
constexpr fault of_reference[] = {fault::nan_reference_logit, fault::impossible};

template <class L>
policy_batch<L> with(policy_batch<L> b, fault what) {
  using C = cohort::compute_t<L>;
  auto const t = static_cast<index_t>(bad_token);
  auto const put = [&](batch<L>& rows, index_t v, double x) { rows.at(t, v) = stored<L>(x); };
  switch (what) {
  case fault::token_below:
    b.rows.token_of(t) = -1;
    break;
  case fault::token_above:
    b.rows.token_of(t) = std::int64_t{1} << 40;
    break;
  case fault::token_in_padding:
    b.rows.token_of(t) = 38;
    break;
  case fault::nan_logit:
    put(b.rows, 36, undefined);
    break;
  case fault::endless_logit:
    put(b.rows, 0, endless);
    break;
  case fault::no_logit:
    for (index_t v = 0; v < 37; ++v) put(b.rows, v, -endless);
    break;
  case fault::nan_old:
    b.old_log_prob[bad_token] = static_cast<C>(undefined);
    break;
  case fault::endless_old:
    b.old_log_prob[bad_token] = static_cast<C>(-endless);
    break;
  case fault::nan_ref:
    b.ref_log_prob[bad_token] = static_cast<C>(undefined);
    break;
  case fault::nan_advantage:
    b.advantage[bad_token] = static_cast<C>(undefined);
    break;
  case fault::nan_reference_logit:
    put(b.reference, 5, undefined);
    break;
  case fault::impossible:
    put(b.reference, 5, -endless);
    break;
  }
  return b;
}

bool of_row(fault what) { return what <= fault::no_logit || what >= fault::nan_reference_logit; }

policy_call call_of(cohort::ratio_level level, int terms) {
  policy_call call{.options = {.normalizer = cohort::by_constant(9), .ratio = level}, .entropy = terms == 0};
  if (terms > 0) call.options.entropy.coefficient = 0.2;
  if (terms > 1) call.options.distribution_kl = 0.3, call.reference = true;
  return call;
}

template <class L>
bool same_row(policy_batch<L> const& b, policy_outcome<L> const& x, policy_outcome<L> const& y, std::size_t t) {
  auto const width = static_cast<std::size_t>(b.rows.pitch);
  return std::memcmp(&x.d_logits[t * width], &y.d_logits[t * width], width * sizeof(L)) == 0 &&
         support::same_bits(x.d_log_prob[t], y.d_log_prob[t]);
}

/// Beside the same batch with the bad token masked.
template <class L>
void check_fault(auto& context, fault what, policy_call call) {
  CAPTURE(static_cast<int>(what), static_cast<int>(call.options.ratio), call.options.distribution_kl, call.in_place);
  auto const b = with(good<L>(), what);
  auto masked = b;
  masked.mask[bad_token] = 0;
  auto const x = run_policy(context, b, objective, call), y = run_policy(context, masked, objective, call);
  auto const seen = cohort::read(context, &x.sums, cohort::on_data_error::accept);
  CHECK((seen.policy.bad_slots == 1 && seen.policy.first_bad_slot == static_cast<index_t>(bad_token)));
  CHECK((seen.policy.tokens == cohort::report_of(y.sums).policy.tokens && seen.skipped == 0));
  CHECK_THROWS_AS(cohort::read(context, &x.sums), cohort::data_error);
  bool zero = x.d_log_prob[bad_token] == 0, rest = true;
  for (std::size_t v = 0; v < 40; ++v) zero = zero && value(x.d_logits[bad_token * 40 + v]) == 0;
  CHECK(zero);
  CHECK(std::isnan(x.log_prob[bad_token]) == of_row(what));
  CHECK(std::find(x.live_rows.begin(), x.live_rows.end(), static_cast<std::int64_t>(bad_token)) == x.live_rows.end());
  CHECK(std::isfinite(seen.loss));
  if (call.options.ratio == cohort::ratio_level::token) {
    for (std::size_t t = 0; t < b.tokens(); ++t) rest = rest && (t == bad_token || same_row(b, x, y, t));
    CHECK(rest);
    CHECK((x.live_rows == y.live_rows && support::same_bits(x.sums.bonus, y.sums.bonus)));
    CHECK(seen.loss == approx(cohort::report_of(y.sums).loss).epsilon(1e-14));
  } else { // whatever policy_loss makes of such a sequence; others are as they were
    for (std::size_t t = 0; t < b.tokens(); ++t) rest = rest && (t / 6 == bad_token / 6 || same_row(b, x, y, t));
    CHECK(rest);
  }
}

} // namespace

TEMPLATE_TEST_CASE("one bad token is left out and counted", "[gradient][logits_data]", float, cohort::bfloat16) {
  using L = TestType;
  for (auto const level : every_level)
    for (int const terms : {0, 1, 2})
      for (bool const in_place : {false, true})
        support::on_every_context([&](auto& context) {
          auto call = call_of(level, terms);
          call.in_place = in_place;
          for (auto const what : of_policy) check_fault<L>(context, what, call);
          if (terms == 2)
            for (auto const what : of_reference) check_fault<L>(context, what, call);
        });
}

TEMPLATE_TEST_CASE("bad tokens are those of the three calls", "[gradient][logits_data]", float, cohort::half) {
  using L = TestType;
  for (auto const level : every_level)
    for (auto const what : of_policy) {
      CAPTURE(static_cast<int>(level), static_cast<int>(what));
      auto b = with(good<L>(), what);
      b.rows.at(1, b.rows.token_of(1)) = stored<L>(-endless); // no data error: a ratio of 0, unless penalised
      support::on_every_context([&](auto& context) {
        policy_call const call{
            .options = {.normalizer = cohort::by_tokens(), .ratio = level, .score = cohort::score_rows::all}};
        check_parts(context, b, objective, call);
        check_parts(context, b, cohort::objective(cohort::ppo_clip{}), call);
      });
    }
}

TEST_CASE("a token of advantage 0 counts in the ratio of its sequence", "[gradient][logits_data]") {
  auto b = good<float>();
  for (std::size_t const t : {0U, 3U, 13U, 14U, 29U}) b.advantage[t] = 0;
  auto const f = cohort::objective(cohort::ppo_clip{});
  for (auto const level : every_level)
    support::on_every_context([&](auto& context) {
      policy_call call{.options = {.normalizer = cohort::by_sequence_means(), .ratio = level}};
      auto const live = run_policy(context, b, f, call), three = run_parts(context, b, f, call);
      CHECK(support::same_bits(live.d_log_prob, three.d_log_prob));
      CHECK(gradient_distance(b, live, three, 1) <= 1);
      CHECK(live.sums.skipped == (level == cohort::ratio_level::token ? 5 : 0));
      CHECK(live.sums.policy.loss == approx(three.sums.policy.loss).epsilon(1e-14));
    });
}

TEST_CASE("nothing valid is no loss and no gradient", "[gradient][logits_data]") {
  auto b = good<float>();
  b.mask.assign(b.mask.size(), 0);
  policy_batch<float> const none = random_policy<float>(132, {.sequences = 0, .vocabulary = 5});
  for (auto const level : every_level)
    for (int const terms : {0, 2})
      support::on_every_context([&](auto& context) {
        for (auto const* batch : {&static_cast<policy_batch<float> const&>(b), &none}) {
          auto call = call_of(level, terms);
          call.options.normalizer = cohort::by_tokens();
          auto const x = run_policy(context, *batch, objective, call);
          auto const seen = cohort::read(context, &x.sums);
          CHECK((seen.loss == 0 && seen.policy.tokens == 0 && seen.skipped == 0 && seen.entropy == 0));
          CHECK(support::same_bits(x.d_logits, std::vector<float>(x.d_logits.size(), 0)));
          CHECK(x.live_rows == std::vector<std::int64_t>(batch->tokens(), -1));
        }
      });
}
