// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Masked rows have no influence; bad rows are excluded and counted, alike on every context.
#include "oracle.hpp"

#include <support/contexts.hpp>

namespace {

using namespace oracle;

constexpr index_t rows = 12, vocabulary = 37;

/// Rows 2..10 are bad, each in its own way; 0, 1 and 11 are good.
template <class L>
batch<L> with_bad_rows() {
  auto b = random_batch<L>(rows, vocabulary, 31);
  b.token_of(2) = -1;
  b.token_of(3) = vocabulary;
  b.token_of(4) = INT32_MIN;
  b.token_of(5) = index_t{1} << 40;
  b.token_of(6) = INT64_MIN;
  for (index_t v = 0; v < vocabulary; ++v) b.at(7, v) = stored<L>(-cohort::infinity);
  b.at(8, 5) = stored<L>(cohort::infinity);
  b.at(9, 36) = stored<L>(cohort::not_a_number);
  for (index_t v = 0; v < vocabulary; ++v) b.at(10, v) = stored<L>(cohort::not_a_number);
  return b;
}
constexpr bool bad(index_t r) { return r >= 2 && r <= 10; }

template <class L>
numbers<L> ones() {
  return numbers<L>(static_cast<std::size_t>(rows), 1);
}

template <class L>
bool row_is_zero(backward<L> const& x, index_t r) {
  for (index_t v = 0; v < vocabulary; ++v)
    if (!support::same_bits(x.d_logits[static_cast<std::size_t>(r * vocabulary + v)], stored<L>(0))) return false;
  return true;
}

template <class L>
void check_masked(std::vector<std::uint8_t> const& mask) {
  auto clean = random_batch<L>(rows, vocabulary, 31), poisoned = with_bad_rows<L>();
  support::on_every_context([&](auto& context) {
    auto const a = run_forward(context, clean, 1, mask), b = run_forward(context, poisoned, 1, mask);
    CHECK(support::same_bits(a.log_prob, b.log_prob));
    CHECK(support::same_bits(a.log_sum_exp, b.log_sum_exp));
    CHECK((b.report.rows == 3 && b.report.bad_rows == 0));
    auto seed = ones<L>();
    auto const x = run_backward(context, clean, seed, 1, &a.log_sum_exp, mask);
    for (index_t r = 0; r < rows; ++r)
      if (bad(r)) seed[static_cast<std::size_t>(r)] = static_cast<cohort::compute_t<L>>(cohort::not_a_number);
    auto const y = run_backward(context, poisoned, seed, 1, &b.log_sum_exp, mask);
    CHECK(support::same_bits(x.d_logits, y.d_logits));
    CHECK((y.report.rows == 3 && y.report.bad_rows == 0));
    for (index_t r = 0; r < rows; ++r) {
      auto const at = static_cast<std::size_t>(r);
      if (bad(r))
        CHECK((b.log_prob[at] == 0 && b.log_sum_exp[at] == 0 && row_is_zero(y, r)));
      else
        CHECK((b.log_prob[at] < 0 && !row_is_zero(y, r)));
    }
  });
}

} // namespace

TEMPLATE_TEST_CASE("bad rows give NaN forward and 0 backward, counted", "[gradient][bad_rows]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  auto const b = with_bad_rows<L>();
  support::on_every_context([&](auto& context) {
    auto const found = run_forward(context, b);
    CHECK((found.report.rows == 3 && found.report.bad_rows == 9 && found.report.first_bad_row == 2));
    auto const lse_used = run_backward(context, b, ones<L>(), 1, &found.log_sum_exp);
    auto const renewed = run_backward(context, b, ones<L>());
    for (auto const* x : {&lse_used, &renewed})
      CHECK((x->report.rows == 3 && x->report.bad_rows == 9 && x->report.first_bad_row == 2));
    for (index_t r = 0; r < rows; ++r) {
      CAPTURE(r);
      auto const at = static_cast<std::size_t>(r);
      CHECK(std::isnan(found.log_prob[at]) == bad(r));
      CHECK(std::isnan(found.log_sum_exp[at]) == bad(r));
      CHECK(row_is_zero(lse_used, r) == bad(r));
      CHECK(row_is_zero(renewed, r) == bad(r));
    }
  });
}

TEST_CASE("a bad token is counted whatever its seed, and a seed that is not finite is bad", "[gradient][bad_rows]") {
  auto const b = with_bad_rows<float>();
  support::on_every_context([&](auto& context) {
    auto const zero = run_backward(context, b, numbers<float>(rows, 0));
    CHECK((zero.report.bad_rows == 5 && zero.report.first_bad_row == 2));
    auto seed = ones<float>();
    seed[0] = std::numeric_limits<float>::infinity(), seed[11] = std::numeric_limits<float>::quiet_NaN();
    auto const found = run_backward(context, b, seed);
    CHECK((found.report.rows == 1 && found.report.bad_rows == 11 && found.report.first_bad_row == 0));
    CHECK((row_is_zero(found, 0) && row_is_zero(found, 11) && !row_is_zero(found, 1)));
  });
}

TEST_CASE("a log-sum-exp from elsewhere hides no bad logit", "[gradient][bad_rows]") {
  auto const b = with_bad_rows<float>();
  support::on_every_context([&](auto& context) {
    numbers<float> const given(static_cast<std::size_t>(rows), 4);
    auto const x = run_backward(context, b, ones<float>(), 1, &given);
    for (index_t const r : {index_t{8}, index_t{9}, index_t{10}}) CHECK(row_is_zero(x, r));
    CHECK(x.report.bad_rows == 8); // row 7 has no finite logit: with a sum from elsewhere its probabilities are 0
    CHECK(x.report.first_bad_row == 2);
  });
}

TEMPLATE_TEST_CASE("what lies under the mask has no influence", "[gradient][bad_rows]", float, double, cohort::half) {
  std::vector<std::uint8_t> mask(rows);
  for (index_t r = 0; r < rows; ++r) mask[static_cast<std::size_t>(r)] = !bad(r) * 3;
  check_masked<TestType>(mask);
}

TEST_CASE("every kind of row mask", "[gradient][bad_rows]") {
  auto const b = with_bad_rows<float>();
  bool flags[rows];
  std::vector<std::int32_t> narrow(rows);
  std::vector<std::int64_t> wide(rows);
  std::vector<float> values(rows);
  for (index_t r = 0; r < rows; ++r) {
    auto const at = static_cast<std::size_t>(r);
    flags[at] = !bad(r), narrow[at] = bad(r) ? 0 : -7, wide[at] = bad(r) ? 0 : index_t{1} << 60,
    values[at] = bad(r) ? 0 : 0.5F;
  }
  support::on_every_context([&](auto& context) {
    auto const expected = run_forward(context, b, 1, flags).log_prob;
    CHECK(support::same_bits(run_forward(context, b, 1, narrow).log_prob, expected));
    CHECK(support::same_bits(run_forward(context, b, 1, wide).log_prob, expected));
    CHECK(support::same_bits(run_forward(context, b, 1, values).log_prob, expected));
  });
}

TEST_CASE("read fails on bad rows unless told to accept them", "[gradient][bad_rows]") {
  auto const b = with_bad_rows<float>();
  support::on_every_context([&](auto& context) {
    auto const sums = run_forward(context, b).report;
    CHECK_THROWS_AS(cohort::read(context, &sums), cohort::data_error);
    CHECK_THROWS_WITH(cohort::read(context, &sums),
                      ContainsSubstring("[2]") && ContainsSubstring("found 9, expected 0"));
    auto const report = cohort::read(context, &sums, cohort::on_data_error::accept);
    CHECK((report.rows == 3 && report.bad_rows == 9 && report.first_bad_row == 2));
    auto const both = cohort::merge(sums, cohort::row_sums{.rows = 4});
    CHECK((both.rows == 7 && both.bad_rows == 9 && both.first_bad_row == 2));
  });
}
