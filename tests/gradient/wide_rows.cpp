// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// token_log_prob over the vocabularies of real models, and over 2^25 classes.
#include <cstdio>

#include "row_scores.hpp"

namespace {

using namespace oracle;

template <class F>
void on_two_threads(F f) {
  engines::any_context context{{engines::place::eigen, 2}};
  f(context);
}

/// Rows: normal, flat, one class far above the others, most classes far below.
template <class L>
batch<L> every_shape(index_t vocabulary, double offset) {
  support::random random(static_cast<std::uint64_t>(vocabulary));
  batch<L> b(4, vocabulary);
  for (index_t v = 0; v < vocabulary; ++v) {
    double const x = random.normal();
    b.at(0, v) = stored<L>(offset + 3 * x), b.at(1, v) = stored<L>(offset);
    b.at(2, v) = stored<L>(offset + x + (v == vocabulary / 3 ? 40 : 0)), b.at(3, v) = stored<L>(offset + 100 * x);
  }
  b.token = {random.integer(0, vocabulary - 1), vocabulary - 1, vocabulary / 3, 0};
  return b;
}

/// 2^25 logits of few different values, so that the exact sums are short.
template <class L>
struct palette_row {
  static constexpr index_t classes = index_t{1} << 25;
  std::vector<double> values;
  batch<L> b;

  palette_row(std::vector<double> const& palette, index_t peak_at, double peak) : b(1, classes) {
    for (double const x : palette) values.push_back(value(stored<L>(x)));
    for (index_t v = 0; v < classes; ++v) b.at(0, v) = stored<L>(values[index_of(v)]);
    b.at(0, peak_at) = stored<L>(peak);
    b.token_of(0) = peak_at;
  }
  [[nodiscard]] std::size_t index_of(index_t v) const {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(v) * 0x9E3779B97F4A7C15U >> 32) % values.size();
  }
  /// How often each value occurs, the peak last.
  [[nodiscard]] std::vector<std::pair<double, double>> counts() const {
    std::vector<std::pair<double, double>> x;
    for (double const z : values) x.emplace_back(z, 0);
    for (index_t v = 0; v < classes; ++v) x[index_of(v)].second += 1;
    x[index_of(b.token[0])].second -= 1;
    x.emplace_back(b.logit_at(0, b.token[0]), 1);
    return x;
  }
};

template <class L>
void check_palette(std::vector<double> const& palette, index_t peak_at, double peak) {
  palette_row<L> const row(palette, peak_at, peak);
  long double high = -1e30L, sum = 0, moment = 0, squares = 0, rank = 1;
  auto const counts = row.counts();
  for (auto const& [z, n] : counts) high = std::fmax(high, static_cast<long double>(z));
  for (auto const& [z, n] : counts) {
    long double const e = std::exp(z - high);
    sum += n * e, moment += n * e * (z - high), squares += n * e * e, rank += z > counts.back().first ? n : 0;
  }
  long double const log_prob = counts.back().first - high - std::log(sum), entropy = std::log(sum) - moment / sum;
  double const u = support::unit_roundoff<float>;
  on_two_threads([&](auto& context) {
    auto const found = run_scores(context, row.b);
    CHECK(std::fabs(found.log_prob[0] - log_prob) <= 8 * u * std::fmax(1.0L, std::fabs(log_prob)));
    CHECK(std::fabs(found.entropy[0] - entropy) <= 16 * u * std::log(0x1p25));
    CHECK(found.sum_of_squares[0] == approx(static_cast<double>(squares / sum / sum)).epsilon(64 * u));
    CHECK(found.probability[0] == approx(std::exp(static_cast<double>(log_prob))).epsilon(64 * u));
    CHECK(found.rank[0] == static_cast<std::int64_t>(rank));
  });
}

} // namespace

TEMPLATE_TEST_CASE("the vocabularies of real models", "[gradient][scores][wide]", float, cohort::bfloat16, cohort::half,
                   double) {
  using L = TestType;
  double worst = 0;
  for (index_t const vocabulary : {32000, 50257, 151936, 262144})
    for (double const offset : {0.0, 1e4}) {
      if (offset > 0 && vocabulary != 151936) continue;
      auto const b = every_shape<L>(vocabulary, offset);
      on_two_threads([&](auto& context) {
        auto const found = run_scores(context, b);
        check_scores(context, b, 1, found);
        worst = std::fmax(worst, worst_score(b, 1, found));
      });
    }
  std::printf("scores of logits of %d bytes: %.3f of what is allowed\n", static_cast<int>(sizeof(L)), worst);
}

TEMPLATE_TEST_CASE("2^25 classes in a row", "[gradient][scores][wide]", float, cohort::bfloat16) {
  index_t const last = (index_t{1} << 25) - 1;
  if (sizeof(TestType) == 2) check_palette<TestType>({3.0}, 77, 3.0); // flat
  check_palette<TestType>({-2.5, -1.25, 0.0, 0.5, 1.0, 2.0, 3.5}, last, -0.75);
  if (sizeof(TestType) == 4) check_palette<TestType>({-20.0, -12.0, -11.0, -80.0}, last / 2, 17.0); // peaked
}
