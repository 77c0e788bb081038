// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Vocabulary masks: what a bit leaves out is as if it were -inf, bit for bit, and as if it were not there, within the
/// budget; forward and backward.
#include "row_scores.hpp"

namespace {

using namespace oracle;

constexpr index_t rows = 5;
constexpr double none = -cohort::infinity;

/// A bit per class, one line for each row or one for all; set bits beyond the vocabulary say nothing.
struct bits {
  index_t lines, words;
  std::vector<std::uint32_t> word;
  bits(index_t count, index_t vocabulary)
      : lines(count), words((vocabulary + 31) / 32), word(static_cast<std::size_t>(count * words), 0) {}
  std::uint32_t& of(index_t r, index_t v) { return word[static_cast<std::size_t>(r % lines * words + v / 32)]; }
  void set(index_t r, index_t v) { of(r, v) |= std::uint32_t{1} << (v % 32); }
  bool allows(index_t r, index_t v) { return of(r, v) >> (v % 32) & 1U; }
  cohort::vocabulary_mask_view<host_space> view() const {
    if (lines == 1) return word;
    return cohort::view<std::uint32_t const, 2, host_space>(word.data(), {lines, words}, {words, 1});
  }
};

/// A share of the classes, and each row's token. Row 3 keeps its token alone if it has its own line.
template <class L>
bits random_bits(batch<L> const& b, index_t lines, double share) {
  support::random random(61);
  bits x(lines, b.vocabulary);
  for (index_t r = 0; r < lines; ++r)
    for (index_t v = 0; v < x.words * 32; ++v)
      if (v >= b.vocabulary || (random.uniform() < share && (r != 3 || lines == 1))) x.set(r, v);
  for (index_t r = 0; r < b.rows; ++r) x.set(r, b.token[static_cast<std::size_t>(r)]);
  return x;
}

/// What is left out, replaced.
template <class L>
batch<L> with(batch<L> b, bits& x, double replacement) {
  for (index_t r = 0; r < b.rows; ++r)
    for (index_t v = 0; v < b.vocabulary; ++v)
      if (!x.allows(r, v)) b.at(r, v) = stored<L>(replacement);
  return b;
}
template <class L>
batch<L> compacted(batch<L> const& b, bits& x, index_t r) {
  std::vector<L> kept;
  std::int64_t token = -1;
  for (index_t v = 0; v < b.vocabulary; ++v) {
    if (v == b.token[static_cast<std::size_t>(r)]) token = static_cast<std::int64_t>(kept.size());
    if (x.allows(r, v)) kept.push_back(b.logits[static_cast<std::size_t>(r * b.pitch + v)]);
  }
  batch<L> one(1, static_cast<index_t>(kept.size()));
  one.logits = kept, one.token_of(0) = token;
  return one;
}

/// Gradients of all three seeds, and of the first alone.
template <class Context, class L>
std::vector<L> gradients(Context& context, batch<L> const& b, cohort::vocabulary_mask_view<host_space> const& allowed) {
  numbers<L> const seed{1, -0.5, 2, 0.25, -1}, entropy{0.5, 0, -1, 2, 0.125};
  std::vector<L> all(b.logits.size()), first(b.logits.size());
  cohort::token_log_prob_backward<L>(context,
                                     {.logits = b.view(),
                                      .token = b.token,
                                      .d_log_prob = seed,
                                      .d_entropy = entropy,
                                      .d_log_sum_exp = entropy,
                                      .vocabulary_mask = allowed},
                                     {.d_logits = b.view_of(all)});
  cohort::token_log_prob_backward<L>(
      context, {.logits = b.view(), .token = b.token, .d_log_prob = seed, .vocabulary_mask = allowed},
      {.d_logits = b.view_of(first)});
  all.insert(all.end(), first.begin(), first.end());
  return all;
}

} // namespace

TEMPLATE_TEST_CASE("a bit that is not set is a logit of -inf, bit for bit", "[gradient][vocabulary_mask]", float,
                   double, cohort::half, cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : {1, 31, 32, 33, 70, 4500})
    for (index_t const lines : {index_t{1}, rows})
      for (double const share : {0.02, 0.5, 1.0}) {
        auto const b = random_batch<L>(rows, vocabulary, 62, 1);
        auto x = random_bits(b, lines, share);
        auto const hidden = with(b, x, none);
        INFO(vocabulary << " classes, " << lines << " lines, share " << share);
        support::on_every_context([&](auto& context) {
          auto const found = run_scores<decltype(context), L>(context, b, {.vocabulary = x.view()});
          CHECK(same(found, run_scores(context, hidden)));
          for (double const anything : {cohort::not_a_number, cohort::infinity, 1e4}) {
            auto const poisoned = with(b, x, anything);
            CHECK(same(found, run_scores<decltype(context), L>(context, poisoned, {.vocabulary = x.view()})));
            if (vocabulary == 70)
              CHECK(support::same_bits(gradients(context, b, x.view()), gradients(context, poisoned, x.view())));
          }
          auto const gradient = gradients(context, b, x.view());
          CHECK(support::same_bits(gradient, gradients(context, hidden, {})));
          bool zero = true;
          for (index_t r = 0; r < rows; ++r)
            for (index_t v = 0; v < vocabulary; ++v)
              zero = zero && (x.allows(r, v) || value(gradient[static_cast<std::size_t>(r * vocabulary + v)]) == 0);
          CHECK(zero);
        });
      }
}

TEMPLATE_TEST_CASE("a masked row is the row of what is left", "[gradient][vocabulary_mask]", float, double,
                   cohort::bfloat16) {
  using L = TestType;
  for (double const share : {0.01, 0.5}) {
    auto const b = random_batch<L>(rows, 4500, 63, -7);
    auto x = random_bits(b, rows, share);
    support::on_every_context([&](auto& context) {
      auto const found = run_scores<decltype(context), L>(context, b, {.temperature = 0.5, .vocabulary = x.view()});
      CHECK(found.report.rows == rows);
      for (index_t r = 0; r < rows; ++r) {
        auto const at = static_cast<std::size_t>(r);
        scores<L> one(1);
        one.log_prob[0] = found.log_prob[at], one.log_sum_exp[0] = found.log_sum_exp[at];
        one.entropy[0] = found.entropy[at], one.sum_of_squares[0] = found.sum_of_squares[at];
        one.probability[0] = found.probability[at], one.rank[0] = found.rank[at];
        one.report = {.rows = 1};
        check_scores(context, compacted(b, x, r), 0.5, one);
      }
      CHECK((found.log_prob[3] == 0 && found.entropy[3] == 0 && found.rank[3] == 1)); // its token alone
    });
  }
}

TEST_CASE("a token that its mask leaves out, or nothing left, is a bad row", "[gradient][vocabulary_mask]") {
  auto b = random_batch<float>(rows, 70, 64);
  auto x = random_bits(b, rows, 0.5);
  x.of(1, b.token[1]) &= ~(std::uint32_t{1} << (b.token[1] % 32));
  for (index_t v = 0; v < 70; ++v) x.of(2, v) = 0;
  b.at(4, b.token[4]) = static_cast<float>(none); // allowed, and improbable
  support::on_every_context([&](auto& context) {
    auto const found = run_scores<decltype(context), float>(context, b, {.vocabulary = x.view()});
    CHECK((found.report.rows == 3 && found.report.bad_rows == 2 && found.report.first_bad_row == 1));
    CHECK((std::isnan(found.log_prob[1]) && std::isnan(found.log_prob[2]) && found.log_prob[4] == none));
    CHECK((found.rank[1] == -1 && found.rank[2] == -1));
    auto const gradient = gradients(context, b, x.view());
    for (std::size_t i = 70; i < 210; ++i) REQUIRE((gradient[i] == 0 && gradient[i + b.logits.size()] == 0));
  });
}

TEST_CASE("lines of a mask may stand apart", "[gradient][vocabulary_mask]") {
  auto const b = random_batch<float>(rows, 70, 65);
  auto x = random_bits(b, rows, 0.5);
  std::vector<std::uint32_t> spread(5 * 8, 0xFFFFFFFFU);
  for (std::size_t r = 0; r < 5; ++r)
    for (std::size_t w = 0; w < 3; ++w) spread[(4 - r) * 8 + w] = x.word[r * 3 + w];
  cohort::view<std::uint32_t const, 2, host_space> const upwards(spread.data() + 32, {rows, 3}, {-8, 1});
  support::on_every_context([&](auto& context) {
    CHECK(same(run_scores<decltype(context), float>(context, b, {.vocabulary = upwards}),
               run_scores<decltype(context), float>(context, b, {.vocabulary = x.view()})));
  });
}
