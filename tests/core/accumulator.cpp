// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vector>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/core/accumulator.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace {

/// A user's own, with every rule.
template <class V>
struct extremes {
  V total = V(0), low = V(cohort::infinity), high = V(-cohort::infinity);
  template <class F, class... S>
  static auto zip(F f, S const&... s) {
    return extremes<cohort::field_t<F, cohort::sum_rule, decltype(s.total)...>>{
        f(cohort::sum_rule{}, s.total...), f(cohort::minimum_rule{}, s.low...), f(cohort::maximum_rule{}, s.high...)};
  }
};

using pack_t = cohort::detail::pack<float>;
using traits = cohort::lane_traits<pack_t>;

static_assert(cohort::accumulator<extremes> && cohort::accumulator<cohort::sum_of> &&
              cohort::accumulator<cohort::maximum_of> && cohort::accumulator<cohort::nothing>);
static_assert(cohort::accumulated<extremes<pack_t>>);

template <class V>
extremes<V> of(V x) {
  return {x, x, x};
}

pack_t loaded(std::vector<float> const& x) { return traits::load(x.data(), 1, traits::size); }

} // namespace

TEST_CASE("merging the identity changes no bit", "[core][accumulator]") {
  for (double const x : support::special_values<double>()) {
    extremes<double> const a = of(x), none{};
    extremes<double> const left = cohort::merge(none, a), right = cohort::merge(a, none);
    double const sum = x == 0 ? 0.0 : x; // -0 + 0 is +0
    CHECK(support::ulp_distance(left.total, sum) == 0);
    CHECK(support::ulp_distance(right.total, sum) == 0);
    if (x != x) continue;
    CHECK((left.low == x && right.low == x && left.high == x && right.high == x));
  }
  extremes<float> const empty = cohort::merge(extremes<float>{}, extremes<float>{});
  CHECK((empty.total == 0 && empty.low > 3e38F && empty.high < -3e38F));
}

TEST_CASE("merge goes field by field, by each field's rule", "[core][accumulator]") {
  extremes<double> const both = cohort::merge(of(3.0), of(-2.0));
  CHECK((both.total == 1 && both.low == -2 && both.high == 3));
  CHECK(cohort::merge(cohort::sum_of<float>{2}, cohort::sum_of<float>{3}).sum == 5);
  CHECK(cohort::merge(cohort::maximum_of<float>{2}, cohort::maximum_of<float>{-3}).high == 2);
}

TEST_CASE("scalars fold to themselves in double", "[core][accumulator]") {
  auto const folded = cohort::fold(of(0.1F));
  STATIC_REQUIRE(std::is_same_v<decltype(folded), extremes<double> const>);
  CHECK((folded.total == 0.1F && folded.low == 0.1F && folded.high == 0.1F));
  STATIC_REQUIRE(std::is_same_v<decltype(cohort::in_double(of(0.1F))), extremes<double>>);
  CHECK(cohort::in_double(of(0.1F)).low == static_cast<double>(0.1F));
}

TEST_CASE("packs fold over their lanes, sums in double", "[core][accumulator]") {
  support::random random(11);
  for (int repeat = 0; repeat < 200; ++repeat) {
    auto const x = random.uniforms<float>(traits::size, -1, 1);
    auto const folded = cohort::fold(of(loaded(x)));
    double sum = 0, low = cohort::infinity, high = -cohort::infinity;
    for (float const v : x) sum += static_cast<double>(v), low = std::fmin(low, v), high = std::fmax(high, v);
    CHECK(folded.total == approx(sum).margin(1e-14));
    CHECK((folded.low == low && folded.high == high));
  }
  std::vector<float> const large(traits::size, 16777217.0F / 2);
  CHECK(cohort::fold(cohort::sum_of<pack_t>{loaded(large)}).sum == static_cast<double>(large[0]) * traits::size);
}

TEST_CASE("the head of a pack is its first lanes and the identity", "[core][accumulator]") {
  std::vector<float> const x = support::random(5).uniforms<float>(traits::size, 1, 2);
  for (int count = 0; count <= traits::size; ++count) {
    extremes<pack_t> const part = cohort::head(count, of(loaded(x)));
    std::vector<float> total(traits::size), low(traits::size), high(traits::size);
    traits::store(total.data(), 1, traits::size, part.total);
    traits::store(low.data(), 1, traits::size, part.low);
    traits::store(high.data(), 1, traits::size, part.high);
    for (int i = 0; i < traits::size; ++i) {
      auto const at = static_cast<std::size_t>(i);
      bool const in = i < count;
      CHECK(total[at] == (in ? x[at] : 0));
      CHECK(low[at] == (in ? x[at] : static_cast<float>(cohort::infinity)));
      CHECK(high[at] == (in ? x[at] : -static_cast<float>(cohort::infinity)));
    }
  }
}

TEST_CASE("the head of a scalar is itself or the identity", "[core][accumulator]") {
  CHECK(cohort::lane_head(1, 3.0F, 7.0F) == 3.0F);
  CHECK(cohort::lane_head(0, 3.0F, 7.0F) == 7.0F);
  CHECK(cohort::head(1, cohort::sum_of<double>{3}).sum == 3);
  CHECK(cohort::head(0, cohort::sum_of<double>{3}).sum == 0);
}
