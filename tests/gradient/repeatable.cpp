// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The same bits for any number of threads, any batch around a row, any row stride, and a second time.
#include "oracle.hpp"

#include <support/contexts.hpp>

namespace {

using namespace oracle;

template <class L>
struct results {
  forward<L> out;
  backward<L> given, renewed;
};

template <class Context, class L>
results<L> run(Context& context, batch<L> const& b, numbers<L> const& seed) {
  auto const out = run_forward(context, b);
  return {out, run_backward(context, b, seed, 1, &out.log_sum_exp), run_backward(context, b, seed)};
}

template <class L>
bool same_row(batch<L> const& b, results<L> const& all, index_t r, results<L> const& one) {
  auto const at = static_cast<std::size_t>(r);
  auto const part = [&](std::vector<L> const& x) {
    auto const first = x.begin() + r * b.pitch;
    return std::vector<L>(first, first + b.pitch);
  };
  return support::same_bits(all.out.log_prob[at], one.out.log_prob[0]) &&
         support::same_bits(all.out.log_sum_exp[at], one.out.log_sum_exp[0]) &&
         support::same_bits(part(all.given.d_logits), one.given.d_logits) &&
         support::same_bits(part(all.renewed.d_logits), one.renewed.d_logits);
}

template <class L>
bool same(results<L> const& a, results<L> const& b) {
  return support::same_bits(a.out.log_prob, b.out.log_prob) &&
         support::same_bits(a.out.log_sum_exp, b.out.log_sum_exp) &&
         support::same_bits(a.given.d_logits, b.given.d_logits) &&
         support::same_bits(a.renewed.d_logits, b.renewed.d_logits) && support::same_bits(a.out.report, b.out.report);
}

} // namespace

TEMPLATE_TEST_CASE("threads change no bit", "[gradient][repeatable]", float, double, cohort::bfloat16) {
  using L = TestType;
  auto const b = random_batch<L>(301, 93, 41);
  auto const seed = support::random(42).normals<cohort::compute_t<L>>(301);
  engines::any_context one{{engines::place::eigen, 1}};
  auto const expected = run(one, b, seed);
  support::on_eigen_contexts([&](auto& context) {
    for (int repeat = 0; repeat < 5; ++repeat) CHECK(same(run(context, b, seed), expected));
  });
}

TEMPLATE_TEST_CASE("a row alone is the row in a batch", "[gradient][repeatable]", float, double, cohort::half) {
  using L = TestType;
  auto const b = random_batch<L>(21, 131, 43, 1, 3, 137);
  auto const seed = support::random(44).normals<cohort::compute_t<L>>(21);
  support::on_every_context([&](auto& context) {
    auto const all = run(context, b, seed);
    for (index_t r = 0; r < b.rows; ++r)
      REQUIRE(same_row(b, all, r, run(context, row_of(b, r), numbers<L>{seed[static_cast<std::size_t>(r)]})));
  });
}

TEMPLATE_TEST_CASE("the row stride and what lies beyond the vocabulary change no bit", "[gradient][repeatable]", float,
                   double, cohort::bfloat16) {
  using L = TestType;
  auto const dense = random_batch<L>(5, 67, 45);
  auto const seed = support::random(46).normals<cohort::compute_t<L>>(5);
  for (index_t const pitch : {68, 72, 100}) {
    batch<L> wide(5, 67, pitch); // NaN beyond the vocabulary
    wide.token = dense.token;
    for (index_t r = 0; r < 5; ++r)
      for (index_t v = 0; v < 67; ++v) wide.at(r, v) = dense.logits[static_cast<std::size_t>(r * 67 + v)];
    support::on_every_context([&](auto& context) {
      auto const a = run(context, dense, seed), b = run(context, wide, seed);
      CHECK(support::same_bits(a.out.log_prob, b.out.log_prob));
      for (index_t r = 0; r < 5; ++r)
        for (index_t v = 0; v < 67; ++v)
          REQUIRE(support::same_bits(a.renewed.d_logits[static_cast<std::size_t>(r * 67 + v)],
                                     b.renewed.d_logits[static_cast<std::size_t>(r * pitch + v)]));
    });
  }
}

TEST_CASE("inputs are not modified, and a caller's outputs may have strides", "[gradient][repeatable]") {
  auto const b = random_batch<float>(5, 67, 47);
  auto const copy = b;
  support::on_every_context([&](auto& context) {
    auto const expected = run(context, b, numbers<float>(5, 1.5F));
    CHECK((support::same_bits(b.logits, copy.logits) && b.token == copy.token));
    std::vector<float> spread(15, 9), seed(1, 1.5F), d_logits(b.logits.size());
    cohort::view<float, 1, host_space> const every_third(spread.data() + 12, {5}, {-3});
    cohort::token_log_prob<float>(context, {.logits = b.view(), .token = b.token}, {.log_prob = every_third});
    for (std::size_t r = 0; r < 5; ++r) {
      CHECK(spread[12 - 3 * r] == expected.out.log_prob[r]);
      CHECK((spread[13 - 3 * r] == 9 && spread[14 - 3 * r] == 9));
    }
    cohort::view<float const, 1, host_space> const broadcast(seed.data(), {5}, {0});
    cohort::token_log_prob_backward<float>(context, {.logits = b.view(), .token = b.token, .d_log_prob = broadcast},
                                           {.d_logits = b.view_of(d_logits)});
    CHECK(support::same_bits(d_logits, expected.renewed.d_logits));
  });
}
