// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What is masked, what is zero, and what is not finite.
#include <limits>

#include <cases/contexts.hpp>
#include <cases/scores.hpp>

namespace {

using cases::index_t;

template <class G>
void same(cases::accumulated<G> const& a, cases::accumulated<G> const& b) {
  CHECK(support::same_bits(a.gradient, b.gradient));
  CHECK(support::same_bits(a.sums, b.sums));
}

} // namespace

TEMPLATE_TEST_CASE("accumulate: nothing under the mask or under a seed of 0 changes a bit", "[gradient][accumulate]",
                   float, double, cohort::half) {
  using T = cohort::compute_t<TestType>;
  cases::score_batch<T, TestType> const clean(41, 70, 61);
  using limits = std::numeric_limits<T>;
  support::on_every_context([&](auto& context) {
    auto const expected = cases::accumulate<double>(context, clean);
    for (T const poison : {limits::quiet_NaN(), limits::infinity(), -limits::infinity(), limits::max()}) {
      auto b = clean;
      for (index_t t = 0; t < b.tokens; ++t) {
        auto const n = static_cast<std::size_t>(t);
        if (b.mask[n] && b.seed[n] != 0) continue;
        if (!b.mask[n]) b.seed[n] = poison;
        for (index_t d = 0; d < b.parameters; ++d) b.at(t, d) = cases::stored<TestType>(static_cast<double>(poison));
      }
      same(cases::accumulate<double>(context, b), expected);
      same(cases::accumulate_chunks<double>(context, b, 5), expected);
    }
  });
}

TEMPLATE_TEST_CASE("accumulate: a seed that is not finite is left out and counted", "[gradient][accumulate]", float,
                   double) {
  using T = TestType;
  cases::score_batch<T, T> b(30, 2048 + 9, 62);
  b.mask.assign(30, 1);
  auto without = b;
  for (std::size_t const n : {7U, 8U, 21U}) {
    b.seed[n] = static_cast<T>(n == 8 ? cohort::infinity : cohort::not_a_number);
    without.mask[n] = 0;
  }
  support::on_every_context([&](auto& context) {
    for (bool const chunks : {false, true}) {
      auto const found = chunks ? cases::accumulate_chunks<T>(context, b, 4) : cases::accumulate<T>(context, b);
      CHECK(support::same_bits(found.gradient, cases::accumulate<T>(context, without).gradient));
      auto const seen = cohort::read(context, &found.sums, cohort::on_data_error::accept);
      CHECK((seen.tokens == 27 && seen.bad_seeds == 3 && seen.first_bad_seed == 7));
      CHECK((seen.bad_scores == 0 && seen.first_bad_score == -1));
      CHECK_THROWS_AS(cohort::read(context, &found.sums), cohort::data_error);
    }
  });
}

TEMPLATE_TEST_CASE("accumulate: a score that is not finite is left out and counted", "[gradient][accumulate]", float,
                   double, cohort::bfloat16) {
  using T = cohort::compute_t<TestType>;
  index_t const parameters = 2048 + 9;
  cases::score_batch<T, TestType> b(30, parameters, 63);
  b.mask.assign(30, 1), b.seed.assign(30, T(0.5));
  auto without = b;
  auto const spoil = [&](index_t t, index_t d, double x) {
    b.at(t, d) = cases::stored<TestType>(x);
    without.at(t, d) = cases::stored<TestType>(0); // adds 0 to what is not -0
  };
  spoil(4, 2050, cohort::not_a_number), spoil(4, 2051, cohort::infinity), spoil(11, 0, -cohort::infinity);
  spoil(29, 2056, cohort::not_a_number), spoil(29, 17, cohort::not_a_number);
  support::on_every_context([&](auto& context) {
    for (bool const chunks : {false, true}) {
      auto const found = chunks ? cases::accumulate_chunks<T>(context, b, 4) : cases::accumulate<T>(context, b);
      CHECK(support::same_bits(found.gradient, cases::accumulate<T>(context, without).gradient));
      auto const seen = cohort::read(context, &found.sums, cohort::on_data_error::accept);
      CHECK((seen.tokens == 30 && seen.bad_seeds == 0 && seen.bad_scores == 5));
      CHECK(seen.first_bad_score == 4 * parameters + 2050);
      CHECK_THROWS_AS(cohort::read(context, &found.sums), cohort::data_error);
    }
  });
}

TEST_CASE("accumulate: a product beyond double is left out; a gradient that is not finite is not", //
          "[gradient][accumulate]") {
  double const huge = std::numeric_limits<double>::max();
  std::vector<double> const seed{2, 1}, scores{huge, 1, 1, 1, 1, 3};
  support::on_every_context([&](auto& context) {
    std::vector<double> gradient{0, cohort::not_a_number, cohort::infinity};
    cohort::gradient_sums sums;
    cohort::accumulate_policy_gradient<double>(
        context, {.scores = cases::loose_matrix(scores.data(), 2, 3, 3), .d_log_prob = seed},
        {.gradient = gradient, .report = &sums});
    CHECK((gradient[0] == 1 && std::isnan(gradient[1]) && gradient[2] == cohort::infinity));
    CHECK((sums.bad_scores == 1 && sums.first_bad_score == 0 && sums.tokens == 2));
  });
}
