// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Where token_log_prob_backward writes with all of its seeds: in place, added to what is there; and seeds that are not
/// finite.
#include "seeds.hpp"

using namespace oracle;

TEMPLATE_TEST_CASE("in place is out of place, and padding stays", "[gradient][seeds]", float, double, cohort::half,
                   cohort::bfloat16) {
  using L = TestType;
  for (index_t const pitch : {0, 2300}) {
    auto const b = random_batch<L>(4, 2200, 79, 0, 3, pitch);
    auto const s = random_seeds<L>(4, 80);
    support::on_every_context([&](auto& context) {
      auto expected = b.logits;
      run_seeds(context, b.view(), b, s, b.view_of(expected));
      auto in_place = b;
      run_seeds(context, in_place.view(), b, s, in_place.view_of(in_place.logits));
      CHECK(support::same_bits(in_place.logits, expected));
      if (pitch > 0) CHECK(support::same_bits(expected.back(), b.logits.back()));
    });
  }
}

TEMPLATE_TEST_CASE("accumulating is overwriting and adding", "[gradient][seeds]", float, double, cohort::half,
                   cohort::bfloat16) {
  using L = TestType;
  using C = cohort::compute_t<L>;
  auto b = random_batch<L>(5, 2100, 81);
  b.token_of(3) = -1; // nothing is added
  for (bool const plain : {false, true}) {
    auto s = random_seeds<L>(5, 82);
    if (plain) s.entropy.assign(5, 0), s.log_sum_exp.assign(5, 0);
    s.log_prob[4] = s.entropy[4] = s.log_sum_exp[4] = 0;
    support::random random(83);
    std::vector<L> before(b.logits.size());
    for (auto& x : before) x = stored<L>(random.normal() * 1e-3);
    support::on_every_context([&](auto& context) {
      auto wide = batch<C>(5, 2100); // the gradient before any storage
      wide.token = b.token;
      for (std::size_t i = 0; i < b.logits.size(); ++i) wide.logits[i] = static_cast<C>(value(b.logits[i]));
      std::vector<C> alone(b.logits.size());
      run_seeds(context, wide.view(), wide, all_seeds<C>{s.log_prob, s.entropy, s.log_sum_exp}, wide.view_of(alone));
      auto after = before;
      auto const report = run_seeds(context, b.view(), b, s, b.view_of(after), {.accumulate = true});
      CHECK((report.rows == 4 && report.bad_rows == 1 && report.first_bad_row == 3));
      double worst = 0;
      for (std::size_t i = 0; i < after.size(); ++i) {
        double const was = value(before[i]), exact = was + static_cast<double>(alone[i]);
        double const storage = sizeof(L) > 2 ? 0 : std::is_same_v<L, cohort::half> ? 0x1p-11 : 0x1p-8;
        double const allowed =
            16 * support::unit_roundoff<C> * 4 + storage * 1.02 * std::fabs(exact) + 0x1p-25 * (storage > 0);
        worst = std::fmax(worst, std::fabs(value(after[i]) - exact) / allowed);
      }
      CHECK(worst <= 1);
      bool untouched = true;
      for (std::size_t i = 3 * 2100; i < 5 * 2100; ++i)
        untouched = untouched && support::same_bits(after[i], before[i]);
      CHECK(untouched);
    });
  }
}

TEST_CASE("a seed that is not finite is a bad row, whichever it is", "[gradient][seeds]") {
  auto const b = random_batch<float>(4, 40, 84);
  for (double const bad : {cohort::infinity, cohort::not_a_number})
    support::on_every_context([&](auto& context) {
      auto s = random_seeds<float>(4, 85);
      s.entropy[1] = static_cast<float>(bad), s.log_sum_exp[2] = static_cast<float>(bad);
      std::vector<float> out(b.logits.size(), 5);
      auto const report = run_seeds(context, b.view(), b, s, b.view_of(out));
      CHECK((report.rows == 2 && report.bad_rows == 2 && report.first_bad_row == 1));
      for (std::size_t i = 40; i < 120; ++i) REQUIRE(support::same_bits(out[i], 0.0F));
    });
}
