// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// token_log_prob_backward with the seeds of entropy and log-sum-exp: closed form in long double, and differences.
#include "seeds.hpp"

#include <support/dual.hpp>

using namespace oracle;

TEMPLATE_TEST_CASE("the gradient of all three seeds", "[gradient][seeds]", float, double, cohort::half,
                   cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : {1, 2, 17, 300, 4100})
    for (double const offset : {0.0, 1e4})
      for (double const temperature : {0.5, 1.0, 2.0}) {
        auto const b = random_batch<L>(vocabulary > 1000 ? 2 : 6, vocabulary, 71, offset);
        auto const s = random_seeds<L>(b.rows, 72);
        CAPTURE(vocabulary, offset, temperature);
        support::on_every_context([&](auto& context) {
          CHECK(worst_gradient(b, s, temperature, gradient_of(context, b, s, temperature)) <= 1);
        });
      }
}

TEMPLATE_TEST_CASE("each seed alone, and peaked rows", "[gradient][seeds]", float, cohort::bfloat16) {
  using L = TestType;
  for (double const scale : {0.0, 5.0, 60.0})
    for (int kind = 0; kind < 3; ++kind) {
      auto const b = random_batch<L>(6, 2100, 73, 0, scale);
      auto s = random_seeds<L>(b.rows, 74);
      if (kind != 0) s.log_prob.assign(6, 0);
      if (kind != 1) s.entropy.assign(6, 0);
      if (kind != 2) s.log_sum_exp.assign(6, 0);
      CAPTURE(scale, kind);
      support::on_every_context(
          [&](auto& context) { CHECK(worst_gradient(b, s, 1, gradient_of(context, b, s)) <= 1); });
    }
}

TEST_CASE("gradients are the differences of entropies and log-sum-exps", "[gradient][seeds]") {
  auto b = random_batch<double>(3, 11, 75);
  for (index_t v = 0; v < 4; ++v) b.at(1, v) = -cohort::infinity;
  b.token_of(1) = 7;
  auto const s = random_seeds<double>(3, 76);
  engines::any_context reference{{engines::place::reference}};
  for (double const temperature : {0.5, 1.0, 2.0}) {
    auto const loss = [&](std::size_t at, double x) {
      auto moved = b;
      moved.logits[at] = x;
      auto const y = run_scores<engines::any_context, double>(reference, moved, {.temperature = temperature});
      double sum = 0;
      for (std::size_t r = 0; r < 3; ++r)
        sum += s.log_prob[r] * y.log_prob[r] + s.entropy[r] * y.entropy[r] + s.log_sum_exp[r] * y.log_sum_exp[r];
      return sum;
    };
    support::on_every_context([&](auto& context) {
      auto const found = gradient_of(context, b, s, temperature);
      for (std::size_t at = 0; at < b.logits.size(); ++at) {
        bool const hidden = b.logits[at] < -1e30;
        double const expected =
            hidden ? 0 : support::central_difference([&](double x) { return loss(at, x); }, b.logits[at]);
        REQUIRE(found[at] == approx(expected).epsilon(1e-7).margin(1e-8));
      }
    });
  }
}

TEMPLATE_TEST_CASE("logits of -inf get exactly 0 of every seed", "[gradient][seeds]", float, double, cohort::half) {
  using L = TestType;
  for (index_t const finite : {1, 2, 699, 2048}) {
    auto b = random_batch<L>(2, 4500, 77);
    for (index_t r = 0; r < 2; ++r) {
      for (index_t v = 0; v < 4500; ++v)
        if (v < 1000 || v >= 1000 + finite) b.at(r, v) = stored<L>(-cohort::infinity);
      b.token_of(r) = 1000;
    }
    auto const s = random_seeds<L>(2, 78);
    support::on_every_context([&](auto& context) {
      auto const found = gradient_of(context, b, s);
      CHECK(worst_gradient(b, s, 1, found) <= 1);
      bool zero = true;
      for (index_t v = 0; v < 4500; ++v)
        zero = zero && ((v >= 1000 && v < 1000 + finite) || value(found[static_cast<std::size_t>(v)]) == 0);
      CHECK(zero);
    });
  }
}
