// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// token_log_prob against softmax in long double.
#include "oracle.hpp"

#include <support/contexts.hpp>

namespace {

using namespace oracle;

/// 8 u max(1, |x|) in float, 16 in double.
template <class L>
void check_forward(batch<L> const& b, double temperature, forward<L> const& found) {
  using C = cohort::compute_t<L>;
  double const budget = (sizeof(C) == 4 ? 8 : 16) * support::unit_roundoff<C>;
  double worst = 0;
  for (index_t r = 0; r < b.rows; ++r) {
    auto const at = static_cast<std::size_t>(r);
    exact_row const row(b, r, temperature);
    long double const lp = row.log_prob(b.logit_at(r, b.token[at])), lse = row.log_sum_exp();
    auto const error = [](C x, long double y) {
      return static_cast<double>(std::fabs(x - y) / std::fmax(1.0L, std::fabs(y)));
    };
    worst = std::fmax(worst, std::fmax(error(found.log_prob[at], lp), error(found.log_sum_exp[at], lse)));
  }
  CAPTURE(b.rows, b.vocabulary, temperature);
  CHECK(worst <= budget);
  CHECK((found.report.rows == static_cast<double>(b.rows) && found.report.bad_rows == 0));
}

} // namespace

TEMPLATE_TEST_CASE("log-probs and log-sum-exps of every storage kind", "[gradient][forward]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : {1, 2, 17, 257, 32000}) {
    auto const b = random_batch<L>(vocabulary > 1000 ? 2 : 9, vocabulary, 5);
    support::on_every_context([&](auto& context) { check_forward(b, 1, run_forward(context, b)); });
  }
}

TEMPLATE_TEST_CASE("large offsets and flat rows", "[gradient][forward]", float, double) {
  using L = TestType;
  for (double const offset : {1e4, -1e4}) {
    auto const b = random_batch<L>(5, 257, 6, offset);
    support::on_every_context([&](auto& context) { check_forward(b, 1, run_forward(context, b)); });
  }
  batch<L> flat(1, 50000);
  for (auto& x : flat.logits) x = 3;
  support::on_every_context([&](auto& context) { check_forward(flat, 1, run_forward(context, flat)); });
}

TEMPLATE_TEST_CASE("temperature divides the logits", "[gradient][forward]", float, double, cohort::bfloat16) {
  using L = TestType;
  auto const b = random_batch<L>(4, 300, 7, 2);
  for (double const temperature : {0.5, 1.0, 2.0, 0.7}) {
    auto divided = b;
    for (auto& x : divided.logits) x = stored<L>(value(x) / temperature);
    support::on_every_context([&](auto& context) {
      auto const found = run_forward(context, b, temperature);
      check_forward(b, temperature, found);
      if (temperature == 0.7) return; // not exact
      auto const same = run_forward(context, divided, 1);
      CHECK(support::same_bits(found.log_prob, same.log_prob));
      CHECK(support::same_bits(found.log_sum_exp, same.log_sum_exp));
    });
  }
}

TEST_CASE("logits that every storage kind holds give the same bits", "[gradient][forward]") {
  auto const narrow = random_batch<cohort::bfloat16>(5, 261, 8);
  batch<float> wide(5, 261);
  batch<cohort::half> in_half(5, 261);
  wide.token = in_half.token = narrow.token;
  for (index_t i = 0; i < 5 * 261; ++i) {
    auto const at = static_cast<std::size_t>(i);
    double const x = std::round(value(narrow.logits[at]) * 16) / 16;
    wide.logits[at] = static_cast<float>(x), in_half.logits[at] = stored<cohort::half>(x);
  }
  auto exact = narrow;
  for (auto& x : exact.logits) x = stored<cohort::bfloat16>(std::round(value(x) * 8) / 8);
  batch<float> exact_wide(5, 261);
  exact_wide.token = exact.token;
  for (std::size_t i = 0; i < exact.logits.size(); ++i)
    exact_wide.logits[i] = static_cast<float>(value(exact.logits[i]));
  support::on_every_context([&](auto& context) {
    CHECK(support::same_bits(run_forward(context, wide).log_prob, run_forward(context, in_half).log_prob));
    CHECK(support::same_bits(run_forward(context, exact_wide).log_prob, run_forward(context, exact).log_prob));
  });
}

TEMPLATE_TEST_CASE("logits of -inf have probability 0", "[gradient][forward]", float, double, cohort::half) {
  using L = TestType;
  double const none = -cohort::infinity;
  for (index_t const prefix : {1, 7, 255, 256, 512, 699}) {
    auto b = random_batch<L>(3, 700, 9);
    for (index_t r = 0; r < 3; ++r) {
      for (index_t v = 0; v < prefix; ++v) b.at(r, v) = stored<L>(none);
      b.token_of(r) = 699 - r * (prefix < 600); // the last row of the longest prefix keeps a finite token
    }
    support::on_every_context([&](auto& context) { check_forward(b, 1, run_forward(context, b)); });
  }
  batch<L> single(2, 40);
  for (auto& x : single.logits) x = stored<L>(none);
  single.at(0, 13) = single.at(1, 13) = stored<L>(-4);
  single.token = {13, 14};
  support::on_every_context([&](auto& context) {
    auto const found = run_forward(context, single);
    CHECK((found.log_prob[0] == 0 && found.log_sum_exp[0] == -4));
    CHECK((found.log_prob[1] == none && found.report.rows == 2 && found.report.bad_rows == 0));
  });
}

TEST_CASE("optional outputs and int32 tokens", "[gradient][forward]") {
  auto const b = random_batch<float>(6, 33, 10);
  std::vector<std::int32_t> token;
  for (auto const id : b.token) token.push_back(static_cast<std::int32_t>(id));
  support::on_every_context([&](auto& context) {
    std::vector<float> log_prob(6);
    cohort::token_log_prob<float>(context, {.logits = b.view(), .token = token}, {.log_prob = log_prob});
    CHECK(support::same_bits(log_prob, run_forward(context, b).log_prob));
  });
}

TEST_CASE("no rows are no work", "[gradient][forward]") {
  batch<float> const none(0, 5);
  support::on_every_context([&](auto& context) {
    auto const found = run_forward(context, none);
    CHECK((found.report.rows == 0 && found.report.bad_rows == 0));
    auto const report = cohort::read(context, &found.report);
    CHECK((report.rows == 0 && report.first_bad_row == -1));
  });
}
