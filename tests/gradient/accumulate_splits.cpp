// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Micro-batches in order give a double gradient the bits of one call; threads change none.
#include <cases/contexts.hpp>
#include <cases/scores.hpp>

namespace {

using cases::index_t;

/// Merged reports and the sum over a split. Positions of data errors start anew in every call.
template <class G, class Context, class T, class S>
cases::accumulated<G> accumulate_parts(Context& context, cases::score_batch<T, S> const& b,
                                       std::vector<index_t> const& ends) {
  cases::accumulated<G> all{cases::before<G>(b.parameters), {}};
  for (std::size_t i = 1; i < ends.size(); ++i) {
    auto const merged = all.sums;
    cases::add_tokens(context, b, all, ends[i - 1], ends[i] - ends[i - 1]);
    all.sums = merge(merged, all.sums);
  }
  return all;
}

} // namespace

TEMPLATE_TEST_CASE("accumulate: any split in order is one call, bit for bit", "[gradient][accumulate]", float, double,
                   cohort::half, cohort::bfloat16) {
  using T = cohort::compute_t<TestType>;
  cases::score_batch<T, TestType> b(203, 77, 51);
  for (index_t d = 0; d < 77; d += 3) b.at(5, d) = cases::stored<TestType>(-0.0);
  support::on_every_context([&](auto& context) {
    cases::random source(52);
    auto const once = cases::accumulate<double>(context, b);
    for (int i = 0; i < 20; ++i) {
      auto const parts = accumulate_parts<double>(context, b, cases::random_split(source, b.tokens));
      REQUIRE(support::same_bits(parts.gradient, once.gradient));
      REQUIRE(support::same_bits(parts.sums, once.sums));
    }
  });
}

TEST_CASE("accumulate: a float gradient is rounded once per call", "[gradient][accumulate]") {
  cases::score_batch<float, float> const b(400, 33, 53);
  support::on_every_context([&](auto& context) {
    cases::random source(54);
    auto const ends = cases::random_split(source, b.tokens);
    auto const once = cases::accumulate<float>(context, b);
    auto const parts = accumulate_parts<float>(context, b, ends);
    double const calls = static_cast<double>(ends.size());
    for (std::size_t d = 0; d < once.gradient.size(); ++d) // no partial sum of these is beyond 64
      REQUIRE(std::fabs(once.gradient[d] - parts.gradient[d]) <= calls * 0x1p-24 * 64);
  });
}

TEMPLATE_TEST_CASE("accumulate: threads change no bit, nor does a second time", "[gradient][accumulate]", float,
                   double) {
  cases::score_batch<TestType, TestType> const b(37, 9 * 2048 + 5, 55);
  engines::any_context one{{engines::place::eigen, 1}, 1 << 20};
  auto const expected = cases::accumulate<TestType>(one, b);
  support::on_eigen_contexts([&](auto& context) {
    for (int i = 0; i < 4; ++i) {
      auto const again = cases::accumulate<TestType>(context, b);
      CHECK(support::same_bits(again.gradient, expected.gradient));
      CHECK(support::same_bits(again.sums, expected.sums));
    }
  });
}
