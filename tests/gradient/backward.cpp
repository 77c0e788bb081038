// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// token_log_prob_backward against the closed form in long double and central differences.
#include "oracle.hpp"

#include <support/contexts.hpp>
#include <support/dual.hpp>

namespace {

using namespace oracle;

template <class L>
numbers<L> seeds(index_t rows, std::uint64_t seed) {
  auto values = support::random(seed).normals<cohort::compute_t<L>>(static_cast<std::size_t>(rows));
  if (rows > 2) values[1] = 0;
  return values;
}

/// 16 u |seed / temperature| per element and per row sum; for a narrow storage also its own rounding.
template <class L>
void check_backward(batch<L> const& b, numbers<L> const& seed, double temperature, backward<L> const& found,
                    double budget = 16) {
  using C = cohort::compute_t<L>;
  double const storage = std::is_same_v<L, cohort::half> ? 0x1p-11 : std::is_same_v<L, cohort::bfloat16> ? 0x1p-8 : 0;
  double const smallest = std::is_same_v<L, cohort::half> ? 0x1p-25 : 0;
  double const in_order = sizeof(C) == 8 ? static_cast<double>(b.vocabulary) / 64 : 0; // the reference adds one by one
  double worst = 0, worst_sum = 0;
  for (index_t r = 0; r < b.rows; ++r) {
    exact_row const row(b, r, temperature);
    double const weight = static_cast<double>(seed[static_cast<std::size_t>(r)]) / temperature;
    double allowed = (budget + in_order) * support::unit_roundoff<C> * std::fabs(weight);
    long double sum = 0;
    for (index_t v = 0; v < b.vocabulary; ++v) {
      double const x = value(found.d_logits[static_cast<std::size_t>(r * b.pitch + v)]);
      long double const chosen = v == b.token[static_cast<std::size_t>(r)] ? 1 : 0;
      long double const expected = weight * (chosen - row.prob(b.logit_at(r, v)));
      double const bound = budget * support::unit_roundoff<C> * std::fabs(weight) +
                           1.001 * storage * static_cast<double>(std::fabs(expected)) + smallest;
      double const error = static_cast<double>(std::fabs(x - expected));
      if (error > 0) worst = std::fmax(worst, error / bound);
      sum += x, allowed += storage * std::fabs(x) + smallest;
    }
    if (sum != 0) worst_sum = std::fmax(worst_sum, static_cast<double>(std::fabs(sum)) / allowed);
  }
  CAPTURE(b.rows, b.vocabulary, temperature);
  CHECK(worst <= 1);
  CHECK(worst_sum <= 1);
  CHECK((found.report.rows == static_cast<double>(b.rows) && found.report.bad_rows == 0));
}

} // namespace

TEMPLATE_TEST_CASE("gradients are the closed form for every storage kind", "[gradient][backward]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : {1, 2, 17, 257, 32000}) {
    auto const b = random_batch<L>(vocabulary > 1000 ? 2 : 9, vocabulary, 15);
    auto const seed = seeds<L>(b.rows, 16);
    support::on_every_context([&](auto& context) {
      for (double const temperature : {1.0, 0.5}) {
        check_backward(b, seed, temperature, run_backward(context, b, seed, temperature));
        auto const lse = run_forward(context, b, temperature).log_sum_exp;
        double const extra = std::fabs(static_cast<double>(lse[0])) + 8; // |log_sum_exp| u, as documented
        check_backward(b, seed, temperature, run_backward(context, b, seed, temperature, &lse), 16 + 2 * extra);
      }
    });
  }
}

TEMPLATE_TEST_CASE("a large offset costs no digits without a log-sum-exp", "[gradient][backward]", float, double) {
  auto const b = random_batch<TestType>(5, 257, 17, 1e4);
  auto const seed = seeds<TestType>(5, 18);
  support::on_every_context([&](auto& context) { check_backward(b, seed, 1, run_backward(context, b, seed)); });
}

TEST_CASE("gradients are the differences of the log-probs", "[gradient][backward]") {
  auto const b = random_batch<double>(3, 19, 20);
  numbers<double> const seed{0.7, -1.3, 2};
  engines::any_context reference{{engines::place::reference}};
  for (double const temperature : {0.5, 1.0, 2.0}) {
    auto const loss = [&](std::size_t at, double x) {
      auto moved = b;
      moved.logits[at] = x;
      auto const lp = run_forward(reference, moved, temperature).log_prob;
      return seed[0] * lp[0] + seed[1] * lp[1] + seed[2] * lp[2];
    };
    support::on_every_context([&](auto& context) {
      auto const found = run_backward(context, b, seed, temperature);
      for (std::size_t at = 0; at < b.logits.size(); ++at) {
        double const expected = support::central_difference([&](double x) { return loss(at, x); }, b.logits[at]);
        REQUIRE(found.d_logits[at] == approx(expected).epsilon(1e-7).margin(1e-8));
      }
    });
  }
}

TEMPLATE_TEST_CASE("in place is out of place, bit for bit, and columns beyond the vocabulary stay",
                   "[gradient][backward]", float, double, cohort::half, cohort::bfloat16) {
  using L = TestType;
  for (index_t const pitch : {0, 70, 96}) {
    auto const b = random_batch<L>(7, 67, 21, 0, 3, pitch);
    auto const seed = seeds<L>(7, 22);
    support::on_every_context([&](auto& context) {
      auto const lse = run_forward(context, b).log_sum_exp;
      for (auto const* given : {static_cast<numbers<L> const*>(nullptr), &lse}) {
        auto const apart = run_backward(context, b, seed, 1, given);
        auto in_place = b;
        cohort::optional_view<cohort::compute_t<L> const, 1, host_space> sums{};
        if (given) sums = *given;
        cohort::token_log_prob_backward<L>(
            context, {.logits = in_place.view(), .token = b.token, .log_sum_exp = sums, .d_log_prob = seed},
            {.d_logits = in_place.view_of(in_place.logits)});
        for (index_t r = 0; r < b.rows; ++r)
          for (index_t v = 0; v < b.pitch; ++v) {
            auto const at = static_cast<std::size_t>(r * b.pitch + v);
            if (v < b.vocabulary)
              REQUIRE(support::same_bits(in_place.logits[at], apart.d_logits[at]));
            else
              REQUIRE((std::isnan(value(in_place.logits[at])) && value(apart.d_logits[at]) == 55));
          }
      }
    });
  }
}

TEMPLATE_TEST_CASE("a seed of 0 zeroes its row", "[gradient][backward]", float, double, cohort::half) {
  using L = TestType;
  auto b = random_batch<L>(3, 45, 23);
  b.at(1, 3) = stored<L>(cohort::not_a_number); // not looked at
  support::on_every_context([&](auto& context) {
    auto const found = run_backward(context, b, numbers<L>{0, 0, cohort::compute_t<L>(-0.0)});
    CHECK(support::same_bits(found.d_logits, std::vector<L>(b.logits.size(), stored<L>(0))));
    CHECK(found.report.bad_rows == 0);
  });
}

TEMPLATE_TEST_CASE("logits of -inf get exactly 0", "[gradient][backward]", float, double, cohort::bfloat16) {
  using L = TestType;
  for (index_t const prefix : {1, 255, 256, 512, 699}) {
    auto b = random_batch<L>(2, 700, 24);
    for (index_t r = 0; r < 2; ++r) {
      for (index_t v = 0; v < prefix; ++v) b.at(r, v) = stored<L>(-cohort::infinity);
      b.token_of(r) = 699;
    }
    auto const seed = seeds<L>(2, 25);
    support::on_every_context([&](auto& context) {
      auto const found = run_backward(context, b, seed);
      check_backward(b, seed, 1, found);
      for (index_t v = 0; v < prefix; ++v) REQUIRE(value(found.d_logits[static_cast<std::size_t>(v)]) == 0);
    });
  }
}
