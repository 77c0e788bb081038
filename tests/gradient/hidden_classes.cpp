// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Logits of -inf wherever a row is divided: prefixes, suffixes, whole chunks, one finite logit; and rows that climb so
/// that every chunk exceeds the one before.
#include "row_scores.hpp"

namespace {

using namespace oracle;

constexpr double none = -cohort::infinity;

/// Everything at -inf but `finite` classes from `first` on, which are normal.
template <class L>
batch<L> window(index_t vocabulary, index_t first, index_t finite) {
  support::random random(static_cast<std::uint64_t>(first * 31 + finite));
  batch<L> b(1, vocabulary);
  for (index_t v = 0; v < vocabulary; ++v)
    b.at(0, v) = stored<L>(v >= first && v < first + finite ? 3 * random.normal() : none);
  b.token_of(0) = first + finite - 1;
  return b;
}

/// The same logits with the -inf ones taken out.
template <class L>
batch<L> compacted(batch<L> const& b, index_t first, index_t finite) {
  batch<L> short_one(1, finite);
  for (index_t v = 0; v < finite; ++v) short_one.at(0, v) = b.logits[static_cast<std::size_t>(first + v)];
  short_one.token_of(0) = b.token[0] - first;
  return short_one;
}

/// Blocks of a device, packs, chunks of a row.
constexpr index_t blocks[] = {4, 8, 16, 256, 2048};

} // namespace

TEMPLATE_TEST_CASE("prefixes of -inf of every block's size", "[gradient][hidden]", float, double, cohort::bfloat16) {
  using L = TestType;
  index_t const vocabulary = 4500;
  for (index_t const block : blocks)
    for (index_t const prefix : {index_t{1}, block - 1, block, block + 1, 2 * block}) {
      INFO("prefix " << prefix);
      auto const b = window<L>(vocabulary, prefix, vocabulary - prefix);
      auto const compact = compacted(b, prefix, vocabulary - prefix);
      support::on_every_context([&](auto& context) {
        check_scores(context, b, 1, run_scores(context, b));
        check_scores(context, compact, 1, run_scores(context, compact));
      });
    }
}

TEMPLATE_TEST_CASE("suffixes of -inf, and windows", "[gradient][hidden]", float, cohort::half) {
  using L = TestType;
  for (index_t const block : blocks)
    for (index_t const first : {index_t{0}, block})
      for (index_t const finite : {index_t{1}, index_t{2}, block - 1, block}) {
        INFO("from " << first << ", " << finite << " classes");
        auto const b = window<L>(4500, first, finite);
        support::on_every_context([&](auto& context) { check_scores(context, b, 1, run_scores(context, b)); });
      }
}

TEMPLATE_TEST_CASE("one finite logit anywhere", "[gradient][hidden]", float, double, cohort::half) {
  using L = TestType;
  for (index_t const vocabulary : {1, 3, 40, 2049, 4500})
    for (index_t at = 0; at < vocabulary; at += vocabulary < 100 || at + 3 >= vocabulary ? 1 : 97) {
      auto b = window<L>(vocabulary, at, 1);
      b.at(0, at) = stored<L>(-4);
      auto other = b;
      other.token_of(0) = (at + 1) % vocabulary;
      auto const check = [&](auto& context) {
        auto const x = run_scores(context, b);
        REQUIRE((x.log_prob[0] == 0 && x.log_sum_exp[0] == -4 && x.entropy[0] == 0 && x.sum_of_squares[0] == 1));
        REQUIRE((x.probability[0] == 1 && x.rank[0] == 1 && x.report.bad_rows == 0));
        if (vocabulary == 1) return;
        auto const y = run_scores(context, other);
        REQUIRE((y.log_prob[0] == none && y.log_sum_exp[0] == -4 && y.probability[0] == 0 && y.rank[0] == 2));
        REQUIRE((y.report.rows == 1 && y.report.bad_rows == 0));
      };
      support::on_reference_context(check);
      support::on_emulated_block_context(check);
      engines::any_context eigen{{engines::place::eigen}};
      check(eigen);
    }
}

TEMPLATE_TEST_CASE("rows that climb from chunk to chunk", "[gradient][hidden]", float, double, cohort::bfloat16) {
  using L = TestType;
  for (double const step : {1.0, 15.0, 17.0, 30.0, 200.0}) // per chunk
    for (double const temperature : {1.0, 0.5}) {
      batch<L> b(3, 9000);
      support::random random(7);
      for (index_t v = 0; v < 9000; ++v) {
        auto const chunk = static_cast<double>(v / 2048);
        b.at(0, v) = stored<L>(step * chunk + random.normal());       // by leaps
        b.at(1, v) = stored<L>(step * static_cast<double>(v) / 2048); // evenly
        b.at(2, v) = stored<L>(v < 2048 ? none : step * (4 - chunk)); // down, from a chunk of -inf
      }
      b.token = {8999, 8990, 2050};
      INFO("step " << step);
      support::on_every_context([&](auto& context) {
        check_scores(context, b, temperature,
                     run_scores<decltype(context), L>(context, b, {.temperature = temperature}));
      });
    }
}

TEMPLATE_TEST_CASE("a whole chunk of -inf between others, first or last", "[gradient][hidden]", float, double) {
  using L = TestType;
  for (index_t const gone : {0, 1, 2, 3}) {
    auto b = random_batch<L>(1, 8192, 57);
    for (index_t v = gone * 2048; v < gone * 2048 + 2048; ++v) b.at(0, v) = stored<L>(none);
    b.token_of(0) = (gone * 2048 + 3000) % 8192;
    support::on_every_context([&](auto& context) { check_scores(context, b, 1, run_scores(context, b)); });
  }
}

TEMPLATE_TEST_CASE("NaN, +inf or nothing finite in any chunk is a bad row", "[gradient][hidden]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  auto const good = random_batch<L>(1, 4500, 58);
  for (index_t const at : {0, 1, 2047, 2048, 4095, 4096, 4499})
    for (double const bad : {cohort::infinity, cohort::not_a_number}) {
      auto b = good, alone = window<L>(4500, at, 1);
      b.at(0, at) = alone.at(0, at) = stored<L>(bad);
      support::on_every_context([&](auto& context) {
        for (auto const* x : {&b, &alone}) {
          auto const found = run_scores(context, *x);
          REQUIRE((std::isnan(found.log_prob[0]) && std::isnan(found.entropy[0]) && found.rank[0] == -1));
          REQUIRE((found.report.rows == 0 && found.report.bad_rows == 1));
        }
      });
    }
  auto const empty = window<L>(4500, 0, 0);
  auto nothing = empty;
  nothing.token_of(0) = 17;
  support::on_every_context([&](auto& context) {
    auto const found = run_scores(context, nothing);
    CHECK((std::isnan(found.log_prob[0]) && std::isnan(found.log_sum_exp[0]) && found.report.bad_rows == 1));
  });
}
