// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// accumulate_policy_gradient against the definition in long double, for every storage kind, stride and source.
#include <cases/contexts.hpp>
#include <cases/scores.hpp>

namespace {

using cases::index_t;

/// The documented bound: N 2^-53 of the magnitudes, and the one rounding of a float gradient.
template <class G, class T, class S>
void check_sums(cases::score_batch<T, S> const& b, cases::accumulated<G> const& found) {
  auto const start = cases::before<G>(b.parameters);
  long double tokens = 0, worst = 0;
  for (index_t t = 0; t < b.tokens; ++t) tokens += b.mask[static_cast<std::size_t>(t)];
  for (std::size_t d = 0; d < start.size(); ++d) {
    auto sum = static_cast<long double>(start[d]), magnitude = std::fabs(sum);
    for (index_t t = 0; t < b.tokens; ++t) {
      auto const n = static_cast<std::size_t>(t);
      if (!b.mask[n] || b.seed[n] == 0) continue;
      long double const term = static_cast<long double>(b.seed[n]) * b.score(t, static_cast<index_t>(d));
      sum += term, magnitude += std::fabs(term);
    }
    long double const rounding = sizeof(G) == 4 ? 0x1p-24L : 0;
    long double const allowed = (2 + tokens) * 0x1p-53L * magnitude + rounding * std::fabs(sum);
    worst = std::max(worst, std::fabs(found.gradient[d] - sum) - allowed);
  }
  CHECK(worst <= 0);
  CHECK(found.sums.tokens == static_cast<double>(tokens));
  CHECK((found.sums.bad_seeds == 0 && found.sums.bad_scores == 0));
}

template <class G, class T, class S>
void check_sources(cases::score_batch<T, S> const& b) {
  engines::any_context reference{{engines::place::reference}, 1 << 20};
  auto const expected = cases::accumulate<G>(reference, b);
  check_sums(b, expected);
  support::on_every_context([&](auto& context) {
    INFO(b.tokens << " tokens, " << b.parameters << " parameters, pitch " << b.pitch);
    auto const same = [&](cases::accumulated<G> const& x) {
      CHECK(support::same_bits(x.gradient, expected.gradient));
      CHECK(support::same_bits(x.sums, expected.sums));
    };
    same(cases::accumulate<G>(context, b));
    for (index_t const chunk : {1, 7, 64}) same(cases::accumulate_chunks<G>(context, b, chunk));
  });
}

template <class T, class S>
void check_kind(index_t tokens, index_t parameters, index_t gap) {
  cases::score_batch<T, S> const b(tokens, parameters, 31, gap);
  check_sources<float>(b);
  check_sources<double>(b);
}

} // namespace

TEMPLATE_TEST_CASE("accumulate: the definition, with the same bits on every context and from a callable",
                   "[gradient][accumulate]", float, double, cohort::half, cohort::bfloat16) {
  using T = cohort::compute_t<TestType>;
  for (index_t const tokens : {0, 1, 8, 21, 130})
    for (index_t const parameters : {1, 2, 17, 131}) check_kind<T, TestType>(tokens, parameters, tokens % 2);
  check_kind<T, TestType>(19, 2048 + 37, 3); // two strips
}

TEST_CASE("accumulate: seeds of another type than the scores'", "[gradient][accumulate]") {
  check_kind<double, float>(33, 67, 0);
  check_kind<float, double>(33, 67, 1);
}

TEST_CASE("accumulate: no parameter, no token", "[gradient][accumulate]") {
  support::on_every_context([](auto& context) {
    auto const none = cases::accumulate<double>(context, cases::score_batch<float, float>(9, 0, 3));
    CHECK((none.gradient.empty() && none.sums.tokens > 0));
    std::vector<double> gradient{-0.0, cohort::not_a_number, -cohort::infinity};
    auto const start = gradient;
    cohort::accumulate_policy_gradient<double>(
        context, {.scores = cases::loose_matrix<double>(nullptr, 0, 3, 3), .d_log_prob = std::vector<double>{}},
        {.gradient = gradient});
    CHECK(support::same_bits(gradient, start));
  });
}

TEMPLATE_TEST_CASE("accumulate: gradient and seeds with any stride", "[gradient][accumulate]", float, double) {
  using T = TestType;
  cases::score_batch<T, T> const b(29, 45, 7);
  support::on_every_context([&](auto& context) {
    auto const expected = cases::accumulate<T>(context, b);
    std::vector<T> gradient(3 * 45, T(5)), seed(2 * 29);
    auto const start = cases::before<T>(45);
    for (std::size_t d = 0; d < 45; ++d) gradient[3 * d] = start[44 - d];
    for (std::size_t t = 0; t < 29; ++t) seed[2 * t] = b.seed[t];
    cohort::accumulate_policy_gradient<T>(
        context, {.scores = b.rows(0, 29), .d_log_prob = cases::loose_vector(seed.data(), 29, 2), .mask = b.mask},
        {.gradient = cases::loose_vector(gradient.data() + 3 * 44, 45, -3)});
    for (std::size_t d = 0; d < 45; ++d) {
      REQUIRE(support::same_bits(gradient[3 * d], expected.gradient[44 - d]));
      REQUIRE((gradient[3 * d + 1] == 5 && gradient[3 * d + 2] == 5));
    }
  });
}
