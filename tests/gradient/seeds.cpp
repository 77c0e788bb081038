// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// token_log_prob_backward with the seeds of entropy and log-sum-exp: closed form in long double, differences, adding to
/// what is there, in place, and the rounding of narrow gradients.
#include "row_scores.hpp"

#include <support/dual.hpp>

namespace {

using namespace oracle;

template <class L>
struct all_seeds {
  numbers<L> log_prob, entropy, log_sum_exp;
};
template <class L>
all_seeds<L> random_seeds(index_t rows, std::uint64_t seed) {
  support::random random(seed);
  auto const n = static_cast<std::size_t>(rows);
  using C = cohort::compute_t<L>;
  return {random.normals<C>(n), random.normals<C>(n), random.normals<C>(n)};
}

template <class Context, class L>
cohort::row_sums run(Context& context, cohort::view<L const, 2, host_space> logits, batch<L> const& b,
                     all_seeds<L> const& s, cohort::view<L, 2, host_space> out,
                     cohort::token_log_prob_backward_options const& options = {}) {
  cohort::row_sums report;
  cohort::token_log_prob_backward<L>(context,
                                     {.logits = logits,
                                      .token = b.token,
                                      .d_log_prob = s.log_prob,
                                      .d_entropy = s.entropy,
                                      .d_log_sum_exp = s.log_sum_exp},
                                     {.d_logits = out, .report = &report}, options);
  return report;
}
template <class Context, class L>
std::vector<L> gradient(Context& context, batch<L> const& b, all_seeds<L> const& s, double temperature = 1) {
  std::vector<L> out(b.logits.size());
  auto const report = run(context, b.view(), b, s, b.view_of(out), {.temperature = temperature});
  CHECK((report.rows == static_cast<double>(b.rows) && report.bad_rows == 0));
  return out;
}

/// The largest error in shares of 16 u (|seeds| with entropy's times max(1, log V)) / T, plus the storage's rounding; of
/// the elements and of the sum of a row, which no seed of the log-sum-exp has any part in.
template <class L>
double worst_gradient(batch<L> const& b, all_seeds<L> const& s, double temperature, std::vector<L> const& found) {
  using C = cohort::compute_t<L>;
  double const storage = sizeof(L) > 2 ? 0 : 0.51 * (std::is_same_v<L, cohort::half> ? 0x1p-10 : 0x1p-7);
  double const smallest = std::is_same_v<L, cohort::half> ? 0x1p-25 : 0;
  double const u = support::unit_roundoff<C>;
  double worst = 0;
  for (index_t r = 0; r < b.rows; ++r) {
    auto const at = static_cast<std::size_t>(r);
    exact_row const row(b, r, temperature);
    exact_scores const e(b, r, temperature);
    double const size = std::fabs(s.log_prob[at]) + std::fabs(s.log_sum_exp[at]) +
                        std::fabs(s.entropy[at]) * std::fmax(1, std::log(static_cast<double>(b.vocabulary)));
    double const allowed = 16 * u * size / temperature;
    long double sum = -static_cast<long double>(s.log_sum_exp[at]) / temperature, of_storage = 0;
    for (index_t v = 0; v < b.vocabulary; ++v) {
      long double const z = b.logit_at(r, v), p = row.prob(z), chosen = v == b.token[at];
      long double const line = p > 0 ? p * (row.log_prob(z) + e.entropy) : 0;
      long double const exact =
          (s.log_prob[at] * (chosen - p) - s.entropy[at] * line + s.log_sum_exp[at] * p) / temperature;
      long double const x = value(found[static_cast<std::size_t>(r * b.pitch + v)]);
      auto const rounding = storage * std::fabs(exact) + smallest;
      worst = std::fmax(worst, static_cast<double>(std::fabs(x - exact) / (allowed + rounding)));
      if (!(x == x)) return 1e9;
      sum += x, of_storage += rounding;
    }
    worst = std::fmax(worst, static_cast<double>(std::fabs(sum) / (2 * allowed + of_storage)));
  }
  return worst;
}

} // namespace

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
          CHECK(worst_gradient(b, s, temperature, gradient(context, b, s, temperature)) <= 1);
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
      support::on_every_context([&](auto& context) { CHECK(worst_gradient(b, s, 1, gradient(context, b, s)) <= 1); });
    }
}

TEST_CASE("gradients are the differences of entropies and log-sum-exps", "[gradient][seeds]") {
  auto b = random_batch<double>(3, 11, 75);
  for (index_t v = 0; v < 4; ++v) b.at(1, v) = -cohort::infinity;
  b.token_of(1) = 7;
  auto const s = random_seeds<double>(3, 76);
  cohort::reference_context reference;
  for (double const temperature : {0.5, 1.0, 2.0}) {
    auto const loss = [&](std::size_t at, double x) {
      auto moved = b;
      moved.logits[at] = x;
      auto const y = run_scores<cohort::reference_context, double>(reference, moved, {.temperature = temperature});
      double sum = 0;
      for (std::size_t r = 0; r < 3; ++r)
        sum += s.log_prob[r] * y.log_prob[r] + s.entropy[r] * y.entropy[r] + s.log_sum_exp[r] * y.log_sum_exp[r];
      return sum;
    };
    support::on_every_context([&](auto& context) {
      auto const found = gradient(context, b, s, temperature);
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
      auto const found = gradient(context, b, s);
      CHECK(worst_gradient(b, s, 1, found) <= 1);
      bool zero = true;
      for (index_t v = 0; v < 4500; ++v)
        zero = zero && ((v >= 1000 && v < 1000 + finite) || value(found[static_cast<std::size_t>(v)]) == 0);
      CHECK(zero);
    });
  }
}

TEMPLATE_TEST_CASE("in place is out of place, and padding stays", "[gradient][seeds]", float, double, cohort::half,
                   cohort::bfloat16) {
  using L = TestType;
  for (index_t const pitch : {0, 2300}) {
    auto const b = random_batch<L>(4, 2200, 79, 0, 3, pitch);
    auto const s = random_seeds<L>(4, 80);
    support::on_every_context([&](auto& context) {
      auto expected = b.logits;
      run(context, b.view(), b, s, b.view_of(expected));
      auto in_place = b;
      run(context, in_place.view(), b, s, in_place.view_of(in_place.logits));
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
      run(context, wide.view(), wide, all_seeds<C>{s.log_prob, s.entropy, s.log_sum_exp}, wide.view_of(alone));
      auto after = before;
      auto const report = run(context, b.view(), b, s, b.view_of(after), {.accumulate = true});
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
      auto const report = run(context, b.view(), b, s, b.view_of(out));
      CHECK((report.rows == 2 && report.bad_rows == 2 && report.first_bad_row == 1));
      for (std::size_t i = 40; i < 120; ++i) REQUIRE(support::same_bits(out[i], 0.0F));
    });
}
