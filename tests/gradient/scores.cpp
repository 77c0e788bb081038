// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Entropy, sum of squares, probability and rank of token_log_prob beside its log-prob, on every context.
#include "row_scores.hpp"

namespace {
using namespace oracle;
} // namespace

TEMPLATE_TEST_CASE("what a row says, of every storage kind", "[gradient][scores]", float, double, cohort::half,
                   cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : {1, 2, 17, 255, 4099}) {
    auto const b = random_batch<L>(vocabulary > 1000 ? 2 : 9, vocabulary, 51);
    support::on_every_context([&](auto& context) { check_scores(context, b, 1, run_scores(context, b)); });
  }
}

TEMPLATE_TEST_CASE("flat, peaked and far away rows", "[gradient][scores]", float, double, cohort::bfloat16) {
  using L = TestType;
  for (double const offset : {0.0, 1e4, -1e4})
    for (double const scale : {0.0, 1e-3, 1.0, 30.0, 300.0}) {
      auto const b = random_batch<L>(4, 2051, 52, offset, scale);
      INFO("offset " << offset << ", scale " << scale);
      support::on_every_context([&](auto& context) { check_scores(context, b, 1, run_scores(context, b)); });
    }
}

TEMPLATE_TEST_CASE("a temperature divides every score's logits", "[gradient][scores]", float, double, cohort::half) {
  using L = TestType;
  auto const b = random_batch<L>(5, 2300, 53, 3);
  for (double const temperature : {0.5, 1.0, 2.0, 0.7}) {
    auto divided = b;
    for (auto& x : divided.logits) x = stored<L>(value(x) / temperature);
    support::on_every_context([&](auto& context) {
      auto const found = run_scores<decltype(context), L>(context, b, {.temperature = temperature});
      check_scores(context, b, temperature, found);
      if (temperature == 0.7) return; // not exact
      auto const same_logits = run_scores(context, divided);
      check_scores(context, divided, 1, same_logits);
      CHECK(support::same_bits(found.log_prob, same_logits.log_prob));
      CHECK(support::same_bits(found.log_sum_exp, same_logits.log_sum_exp));
      CHECK(found.rank == same_logits.rank);
    });
  }
}

TEST_CASE("ranks count what is larger, and ties share one", "[gradient][scores]") {
  for (index_t const vocabulary : {1, 5, 40, 3000}) {
    batch<float> b(4, vocabulary);
    for (index_t r = 0; r < 4; ++r)
      for (index_t v = 0; v < vocabulary; ++v) b.at(r, v) = static_cast<float>((v * 7 + r) % 5);
    b.at(3, vocabulary - 1) = 9;
    b.token = {0, vocabulary / 2, vocabulary - 1, vocabulary - 1};
    support::on_every_context([&](auto& context) {
      auto const found = run_scores(context, b);
      check_scores(context, b, 1, found);
      CHECK(found.rank[3] == 1);
    });
  }
  batch<float> flat(1, 3000);
  for (auto& x : flat.logits) x = -3;
  batch<float> last = flat; // -inf is the smallest, a tie with other -inf
  for (std::size_t i = 0; i < 1000; ++i) last.logits[i] = static_cast<float>(-cohort::infinity);
  support::on_every_context([&](auto& context) {
    CHECK(run_scores(context, flat).rank[0] == 1);
    CHECK(run_scores(context, last).rank[0] == 2001);
  });
}

TEST_CASE("what is not asked for changes no bit of the rest", "[gradient][scores]") {
  auto const b = random_batch<float>(6, 5000, 54);
  support::on_every_context([&](auto& context) {
    auto const all = run_scores(context, b);
    numbers<float> log_prob(6), entropy(6), probability(6);
    std::vector<std::int64_t> rank(6);
    cohort::token_log_prob_inputs<float, host_space> const in{.logits = b.view(), .token = b.token};
    cohort::token_log_prob<float>(context, in, {.log_prob = log_prob});
    CHECK(support::same_bits(log_prob, all.log_prob));
    cohort::token_log_prob<float>(context, in, {.log_prob = log_prob, .entropy = entropy});
    CHECK((support::same_bits(log_prob, all.log_prob) && support::same_bits(entropy, all.entropy)));
    cohort::token_log_prob<float>(context, in, {.log_prob = log_prob, .probability = probability, .rank = rank});
    CHECK((support::same_bits(probability, all.probability) && rank == all.rank));
  });
}

TEST_CASE("logits that every storage kind holds give the same scores", "[gradient][scores]") {
  batch<float> wide(5, 4100);
  batch<cohort::half> half(5, 4100);
  batch<cohort::bfloat16> brain(5, 4100);
  support::random random(55);
  for (std::size_t i = 0; i < wide.logits.size(); ++i) { // 8 significant bits
    double const x = static_cast<double>(random.integer(-255, 255)) / 32;
    wide.logits[i] = static_cast<float>(x);
    half.logits[i] = stored<cohort::half>(x), brain.logits[i] = stored<cohort::bfloat16>(x);
  }
  for (index_t r = 0; r < 5; ++r) wide.token_of(r) = random.integer(0, 4099);
  half.token = brain.token = wide.token;
  support::on_every_context([&](auto& context) {
    auto const a = run_scores(context, wide);
    auto const b = run_scores(context, half);
    auto const c = run_scores(context, brain);
    check_scores(context, wide, 1, a);
    for (auto const& [x, y] :
         {std::pair{&a.log_prob, &b.log_prob}, std::pair{&a.log_prob, &c.log_prob}, std::pair{&a.entropy, &b.entropy},
          std::pair{&a.entropy, &c.entropy}, std::pair{&a.log_sum_exp, &c.log_sum_exp},
          std::pair{&a.sum_of_squares, &c.sum_of_squares}})
      CHECK(support::same_bits(*x, *y));
    CHECK((a.rank == b.rank && a.rank == c.rank));
  });
}

TEST_CASE("bad rows say NaN of everything, and rank -1; masked ones 0", "[gradient][scores]") {
  auto b = random_batch<float>(6, 40, 56);
  b.token_of(1) = 40;
  for (index_t v = 0; v < 40; ++v) b.at(2, v) = static_cast<float>(-cohort::infinity);
  b.at(3, 7) = static_cast<float>(cohort::infinity);
  b.at(4, 39) = static_cast<float>(cohort::not_a_number);
  for (index_t v = 0; v < 40; ++v) b.at(5, v) = static_cast<float>(cohort::not_a_number);
  std::vector<std::uint8_t> const mask{1, 1, 1, 1, 1, 0};
  support::on_every_context([&](auto& context) {
    auto const found = run_scores<decltype(context), float>(context, b, {.mask = mask});
    CHECK((found.report.rows == 1 && found.report.bad_rows == 4 && found.report.first_bad_row == 1));
    for (auto const* x :
         {&found.log_prob, &found.log_sum_exp, &found.entropy, &found.sum_of_squares, &found.probability})
      for (std::size_t r = 0; r < 6; ++r) {
        CHECK(std::isnan((*x)[r]) == (r >= 1 && r <= 4));
        if (r == 5) CHECK((*x)[r] == 0);
      }
    CHECK(found.rank == std::vector<std::int64_t>{found.rank[0], -1, -1, -1, -1, 0});
  });
}
