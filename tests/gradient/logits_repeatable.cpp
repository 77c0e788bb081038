// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// logits_policy_gradient gives the same bits for any number of threads, any batch around a row, any layout, in place or
/// not, and a second time.
#include "logits_parts.hpp"

#include <cases/tensors.hpp>

using namespace oracle;

namespace {

auto const objective = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.05});

/// Nothing, a bonus, and everything.
std::vector<policy_call> calls(cohort::ratio_level level) {
  policy_call plain{.options = {.normalizer = cohort::by_constant(7), .ratio = level}, .entropy = false};
  policy_call bonus = plain, whole = plain;
  bonus.options.entropy.coefficient = whole.options.entropy.coefficient = 0.1;
  whole.options.distribution_kl = 0.2, whole.reference = whole.entropy = true;
  return {plain, bonus, whole};
}

/// Some rows of a batch as a batch of their own, one token per sequence.
template <class L>
policy_batch<L> tokens_of(policy_batch<L> const& b, std::vector<std::size_t> const& which) {
  auto x = b;
  auto const n = static_cast<index_t>(which.size());
  x.shape.packed = false, x.shape.sequences = n, x.shape.longest = 1;
  x.rows = batch<L>(n, b.rows.vocabulary), x.reference = batch<L>(n, b.rows.vocabulary);
  x.offsets = {0};
  auto const width = static_cast<std::size_t>(b.rows.pitch);
  auto const take = [&](auto& to, auto const& from) {
    to.clear();
    for (auto const t : which) to.push_back(from[t]);
  };
  for (std::size_t i = 0; i < which.size(); ++i) {
    auto const part = [&](std::vector<L>& to, std::vector<L> const& from) {
      std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(which[i] * width), width,
                  to.begin() + static_cast<std::ptrdiff_t>(i * width));
    };
    part(x.rows.logits, b.rows.logits), part(x.reference.logits, b.reference.logits);
    x.offsets.push_back(x.offsets.back() + 1);
  }
  take(x.rows.token, b.rows.token), take(x.mask, b.mask), take(x.old_log_prob, b.old_log_prob);
  take(x.ref_log_prob, b.ref_log_prob), take(x.advantage, b.advantage), take(x.correction, b.correction);
  return x;
}

/// Whether token `i` of one outcome is token `t` of the other.
template <class L>
bool same_token(policy_batch<L> const& b, policy_outcome<L> const& x, std::size_t i, policy_outcome<L> const& y,
                std::size_t t) {
  auto const width = static_cast<std::size_t>(b.rows.pitch);
  return std::memcmp(&x.d_logits[i * width], &y.d_logits[t * width], width * sizeof(L)) == 0 &&
         support::same_bits(x.log_prob[i], y.log_prob[t]) && support::same_bits(x.log_sum_exp[i], y.log_sum_exp[t]) &&
         support::same_bits(x.entropy[i], y.entropy[t]) && support::same_bits(x.d_log_prob[i], y.d_log_prob[t]);
}

} // namespace

TEMPLATE_TEST_CASE("threads and repeats change no bit of one call", "[gradient][logits_repeatable]", float, double,
                   cohort::bfloat16) {
  using L = TestType;
  for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence}) {
    auto const b = random_policy<L>(121, {.sequences = 23, .longest = 9, .vocabulary = 93, .packed = true});
    for (auto const& call : calls(level)) {
      engines::any_context one{{engines::place::eigen, 1}, support::default_workspace};
      auto const expected = run_policy(one, b, objective, call);
      support::on_eigen_contexts([&](auto& context) {
        for (int repeat = 0; repeat < 5; ++repeat) CHECK(same(run_policy(context, b, objective, call), expected));
      });
    }
  }
}

TEMPLATE_TEST_CASE("in place is out of place for one call", "[gradient][logits_repeatable]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : {1, 40, 4500})
    for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence}) {
      auto const b = random_policy<L>(122, {.sequences = 3, .longest = 3, .vocabulary = vocabulary});
      for (auto call : calls(level))
        support::on_every_context([&](auto& context) {
          call.in_place = false;
          auto const apart = run_policy(context, b, objective, call);
          call.in_place = true;
          CHECK(same(run_policy(context, b, objective, call), apart));
        });
    }
}

TEMPLATE_TEST_CASE("a token alone is the token in a batch", "[gradient][logits_repeatable]", float, double,
                   cohort::half) {
  using L = TestType;
  auto const b = random_policy<L>(123, {.sequences = 7, .longest = 5, .vocabulary = 67, .packed = true});
  std::vector<std::size_t> backwards;
  for (std::size_t t = b.tokens(); t-- > 0;) backwards.push_back(t);
  auto const turned = tokens_of(b, backwards);
  for (auto const& call : calls(cohort::ratio_level::token))
    support::on_every_context([&](auto& context) {
      auto const all = run_policy(context, b, objective, call), other = run_policy(context, turned, objective, call);
      bool right = true;
      for (std::size_t t = 0; t < b.tokens(); ++t) {
        auto const alone = run_policy(context, tokens_of(b, {t}), objective, call);
        right = right && same_token(b, alone, 0, all, t) && same_token(b, other, b.tokens() - 1 - t, all, t);
      }
      CHECK(right);
    });
}

TEMPLATE_TEST_CASE("packed, padded and strided arguments give the same bits", "[gradient][logits_repeatable]", float,
                   cohort::bfloat16) {
  using L = TestType;
  using C = cohort::compute_t<L>;
  auto const b = random_policy<L>(124, {.sequences = 4, .longest = 5, .vocabulary = 67});
  auto packed = b;
  packed.shape.packed = true; // the same cells as one run
  for (auto const level : every_level)
    for (auto const& call : calls(level))
      support::on_every_context([&](auto& context) {
        auto const x = run_policy(context, b, objective, call), y = run_policy(context, packed, objective, call);
        CHECK(same(x, y));
        std::vector<C> spread(200, 9), seed(200, 9);
        auto const over = [](std::vector<C>& memory) { return cases::loose_matrix(memory.data() + 3, 4, 5, 2, 11); };
        policy_outcome<L> z(b);
        auto const in = inputs(b, call);
        cohort::logits_policy_gradient<L>(
            context, in, {.d_logits = b.rows.view_of(z.d_logits), .log_prob = over(spread), .d_log_prob = over(seed)},
            objective, call.options);
        bool right = support::same_bits(x.d_logits, z.d_logits);
        for (std::size_t t = 0; t < b.tokens(); ++t) {
          std::size_t const at = 3 + t / 5 * 2 + t % 5 * 11;
          right =
              right && support::same_bits(spread[at], x.log_prob[t]) && support::same_bits(seed[at], x.d_log_prob[t]);
          spread[at] = seed[at] = 9;
        }
        CHECK((right && spread == std::vector<C>(200, 9) && seed == spread)); // and nothing in between
      });
}

TEMPLATE_TEST_CASE("what is not asked for changes no bit of one call", "[gradient][logits_repeatable]", float,
                   cohort::half) {
  using L = TestType;
  auto const b = random_policy<L>(125, {.sequences = 3, .longest = 4, .vocabulary = 4500});
  for (auto const level : every_level)
    for (auto call : calls(level))
      support::on_every_context([&](auto& context) {
        call.entropy = false;
        auto const x = run_policy(context, b, objective, call);
        std::vector<L> d_logits(b.rows.logits.size(), stored<L>(55));
        cohort::logits_policy_gradient<L>(context, inputs(b, call), {.d_logits = b.rows.view_of(d_logits)}, objective,
                                          call.options);
        CHECK(support::same_bits(x.d_logits, d_logits));
      });
}
