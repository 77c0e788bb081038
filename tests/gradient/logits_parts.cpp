// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// logits_policy_gradient is token_log_prob, policy_loss and token_log_prob_backward: the same seeds and log-probs bit for
/// bit, the same report, gradients within the budget; every storage kind, ratio level, normaliser and layout.
#include "logits_parts.hpp"

using namespace oracle;

namespace {
constexpr auto all = cohort::score_rows::all;
} // namespace

TEMPLATE_TEST_CASE("one call is three, at every level and normaliser", "[gradient][logits_parts]", float, double) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.05});
  for (bool const packed : {false, true}) {
    auto const b = random_policy<L>(91, {.vocabulary = 40, .packed = packed});
    for (auto const level : every_level)
      for (cohort::normalizer const& by : every_normalizer) {
        CAPTURE(packed, static_cast<int>(level), static_cast<int>(by.kind));
        support::on_every_context([&](auto& context) {
          check_parts(context, b, f, {.options = {.normalizer = by, .ratio = level, .score = all}, .entropy = packed});
        });
      }
  }
}

TEMPLATE_TEST_CASE("one call is three, for every storage kind and width", "[gradient][logits_parts]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.05});
  for (index_t const vocabulary : {1, 17, 2048, 4500})
    for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence})
      for (bool const entropy : {false, true}) {
        auto const b =
            random_policy<L>(92, {.sequences = 3, .longest = 3, .vocabulary = vocabulary, .padding = vocabulary % 5});
        CAPTURE(vocabulary, static_cast<int>(level), entropy);
        support::on_every_context([&](auto& context) {
          for (double const temperature : {1.0, 0.5, 2.0})
            for (bool const in_place : {false, true})
              check_parts(context, b, f,
                          {.options = {.normalizer = cohort::by_tokens(),
                                       .ratio = level,
                                       .temperature = temperature,
                                       .score = all},
                           .in_place = in_place,
                           .entropy = entropy});
        });
      }
}

TEMPLATE_TEST_CASE("one call is three, with corrections, bounds and an advantage per sequence",
                   "[gradient][logits_parts]", float, cohort::bfloat16) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.05});
  for (bool const packed : {false, true}) {
    auto const b = random_policy<L>(93, {.sequences = 7, .longest = 9, .packed = packed});
    for (auto const level : every_level)
      support::on_every_context([&](auto& context) {
        check_parts(context, b, f,
                    {.options = {.normalizer = cohort::by_sequence_means(),
                                 .ratio = level,
                                 .log_ratio = {-0.2, 0.1},
                                 .score = all},
                     .per_sequence = true,
                     .correction = true});
      });
  }
}

TEST_CASE("one call is three, with a vocabulary mask", "[gradient][logits_parts]") {
  auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.05});
  auto const b = random_policy<float>(94, {.vocabulary = 70});
  std::vector<std::uint32_t> words(b.tokens() * 3);
  support::random random(95);
  for (auto& x : words) x = static_cast<std::uint32_t>(random.bits());
  for (std::size_t t = 0; t < b.tokens(); ++t) {
    auto const id = static_cast<std::size_t>(b.rows.token[t]);
    if (b.valid(t) && t != 3) words[t * 3 + id / 32] |= std::uint32_t{1} << (id % 32);
  }
  cohort::view<std::uint32_t const, 2, host_space> const lines(words.data(), {b.rows.rows, 3}, {3, 1});
  for (auto const level : every_level)
    support::on_every_context([&](auto& context) {
      check_parts(context, b, f,
                  {.options = {.normalizer = cohort::by_tokens(), .ratio = level, .score = all}, .vocabulary = lines});
    });
}
