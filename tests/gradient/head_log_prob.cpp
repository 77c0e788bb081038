// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// head_log_prob against its definition in long double; chunks, tiles of the vocabulary, masks, bad rows.
#include <cases/contexts.hpp>
#include <gradient/head_cases.hpp>

namespace {

using head::index_t;

/// The products' rounding enters through each logit: width roundings of its terms' size, which are about 1.
template <class L, class X = L>
void check_scores(head::model<L> const& m, head::shaping const& s, head::scores<L> const& found, X rounded_to = {}) {
  using T = cohort::compute_t<L>;
  double const u = support::unit_roundoff<T>;
  double const in_order = sizeof(T) == 8 ? static_cast<double>(m.vocabulary) / 64 : 0; // the reference adds one by one
  double const allowed = u * (32 + in_order + 8 * static_cast<double>(m.width)) * s.logit_scale / s.temperature;
  double worst = 0;
  for (index_t t = 0; t < m.tokens; ++t) {
    auto const i = static_cast<std::size_t>(t);
    head::exact_row const row(m, t, s, rounded_to);
    auto const error = [&](T x, long double expected) {
      double const scale = std::fmax(1, static_cast<double>(std::fabs(expected)));
      worst = std::fmax(worst, static_cast<double>(std::fabs(static_cast<long double>(x) - expected)) /
                                   (allowed + 8 * u * scale));
    };
    error(found.log_prob[i], row.log_prob(m.token[i]));
    error(found.log_sum_exp[i], row.log_sum_exp());
    error(found.entropy[i], row.entropy());
  }
  CAPTURE(m.tokens, m.vocabulary, s.temperature, s.soft_cap, worst);
  CHECK(worst <= 1);
  CHECK((found.report.rows == static_cast<double>(m.tokens) && found.report.bad_rows == 0));
}

template <class T>
bool same(head::scores<T> const& a, head::scores<T> const& b) {
  return support::same_bits(a.log_prob, b.log_prob) && support::same_bits(a.log_sum_exp, b.log_sum_exp) &&
         support::same_bits(a.entropy, b.entropy);
}

} // namespace

TEMPLATE_TEST_CASE("head_log_prob: the definition", "[gradient][head]", float, double, cohort::half, cohort::bfloat16) {
  for (bool const biased : {true, false}) {
    head::model<TestType> m(7, 11, 23, 1);
    if (!biased) m.bias.clear();
    head::for_each_shaping([&](head::shaping const& s) {
      for (index_t const chunk : {1, 3, 1024})
        support::on_every_context(
            [&](auto& context) { check_scores(m, s, head::score(context, m, head::scoring(s, chunk))); });
    });
  }
}

TEMPLATE_TEST_CASE("head_log_prob: logits that are not rounded", "[gradient][head]", float, cohort::half,
                   cohort::bfloat16) {
  head::model<TestType> const m(7, 11, 23, 1);
  head::for_each_shaping([&](head::shaping const& s) {
    auto options = head::scoring(s, 3);
    options.rounding = cohort::logit_rounding::none;
    support::on_every_context([&](auto& context) { check_scores(m, s, head::score(context, m, options), 0.0F); });
  });
}

TEMPLATE_TEST_CASE("head_log_prob: a product of all rows waits for nothing and says the same", "[gradient][head]",
                   float, double, cohort::half, cohort::bfloat16) {
  head::model<TestType> m(9, 5, 17, 4);
  std::vector<std::uint8_t> const mask{0, 1, 1, 0, 1, 0, 0, 1, 1};
  for (index_t t = 0; t < 9; ++t)
    if (!mask[static_cast<std::size_t>(t)]) {
      std::fill_n(m.hidden.begin() + t * 5, 5, head::stored<TestType>(cohort::not_a_number));
      m.token[static_cast<std::size_t>(t)] = -5;
    }
  for (index_t const chunk : {1, 2, 1024})
    support::on_every_context([&](auto& context) {
      auto options = head::scoring({}, chunk);
      auto const some = head::score(context, m, options, mask);
      options.compaction = cohort::compaction::none;
      head::no_waiting<std::remove_cvref_t<decltype(context)>> impatient{context};
      auto const all = head::score(impatient, m, options, mask);
      CHECK((all.report.rows == 5 && all.report.bad_rows == 0));
      for (std::size_t i = 0; i < 9; ++i) {
        CHECK(all.log_prob[i] == approx(some.log_prob[i]).epsilon(1e-5));
        CHECK(all.entropy[i] == approx(some.entropy[i]).epsilon(1e-5));
        if (!mask[i]) CHECK((all.log_prob[i] == 0 && all.log_sum_exp[i] == 0 && all.entropy[i] == 0));
      }
    });
}

TEMPLATE_TEST_CASE("head_log_prob: tiles of the vocabulary merge", "[gradient][head]", float, double,
                   cohort::bfloat16) {
  for (index_t const vocabulary : {8191, 8192, 8193, 20000}) {
    head::model<TestType> m(3, 3, vocabulary, 2);
    m.token = {0, vocabulary - 1, std::min<index_t>(vocabulary - 1, 8192)};
    auto const all = cases::outcomes([&](auto& context) { return head::score(context, m, head::scoring({})); });
    for (auto const& found : all) check_scores(m, {}, found);
    for (std::size_t i = cases::first_eigen; i < all.size(); ++i) CHECK(same(all[i], all[cases::first_eigen]));
  }
}

TEMPLATE_TEST_CASE("head_log_prob: classes of logit -inf, a whole tile of them", "[gradient][head]", float, double,
                   cohort::half) {
  head::model<TestType> m(2, 3, 8300, 3);
  for (auto const* const side : {"front", "back"}) {
    bool const front = side[0] == 'f';
    for (index_t v = 0; v < m.vocabulary; ++v)
      m.bias[static_cast<std::size_t>(v)] =
          head::stored<TestType>((front ? v < 8250 : v >= 50) ? -cohort::infinity : 0.25);
    m.token = {front ? 8299 : 0, front ? 0 : 8299};
    support::on_every_context([&](auto& context) {
      auto const found = head::score(context, m, head::scoring({}));
      head::exact_row const row(m, 0, {});
      CHECK(std::fabs(found.log_prob[0] - static_cast<double>(row.log_prob(m.token[0]))) < 1e-5);
      CHECK(found.log_prob[1] == -INFINITY); // as token_log_prob: its own logit is -inf
      CHECK((std::isfinite(found.entropy[1]) && found.report.bad_rows == 0));
    });
  }
}

TEMPLATE_TEST_CASE("head_log_prob: what a mask hides is not read", "[gradient][head]", float, double, cohort::half,
                   cohort::bfloat16) {
  head::model<TestType> m(9, 5, 17, 4);
  std::vector<std::uint8_t> const mask{0, 1, 1, 0, 1, 0, 0, 1, 1};
  auto poisoned = m;
  for (index_t t = 0; t < 9; ++t)
    if (!mask[static_cast<std::size_t>(t)]) {
      std::fill_n(poisoned.hidden.begin() + t * 5, 5, head::stored<TestType>(cohort::not_a_number));
      poisoned.token[static_cast<std::size_t>(t)] = -5;
    }
  for (index_t const chunk : {1, 2, 1024})
    support::on_every_context([&](auto& context) {
      auto const clean = head::score(context, m, head::scoring({}, chunk), mask);
      CHECK(same(head::score(context, poisoned, head::scoring({}, chunk), mask), clean));
      CHECK((clean.report.rows == 5 && clean.report.bad_rows == 0));
      for (std::size_t i = 0; i < 9; ++i) {
        if (!mask[i]) CHECK((clean.log_prob[i] == 0 && clean.log_sum_exp[i] == 0 && clean.entropy[i] == 0));
        if (mask[i]) CHECK(clean.log_prob[i] < 0);
      }
      auto const none = head::score(context, poisoned, head::scoring({}), std::vector<std::uint8_t>(9, 0));
      CHECK((none.report.rows == 0 && none.log_prob == std::vector<cohort::compute_t<TestType>>(9, 0)));
    });
}

TEMPLATE_TEST_CASE("head_log_prob: bad rows are counted, alone", "[gradient][head]", float, double, cohort::half,
                   cohort::bfloat16) {
  head::model<TestType> m(6, 4, 9, 5);
  auto const clean = m;
  m.token[1] = 9, m.token[4] = -1;
  m.hidden[2 * 4 + 1] = head::stored<TestType>(cohort::not_a_number);
  m.hidden[5 * 4] = head::stored<TestType>(cohort::infinity);
  for (index_t const chunk : {2, 1024})
    support::on_every_context([&](auto& context) {
      auto const found = head::score(context, m, head::scoring({}, chunk));
      CHECK((found.report.rows == 2 && found.report.bad_rows == 4 && found.report.first_bad_row == 1));
      auto const expected = head::score(context, clean, head::scoring({}, chunk));
      for (auto const i : {std::size_t{0}, std::size_t{3}})
        CHECK(support::same_bits(found.log_prob[i], expected.log_prob[i]));
      for (auto const i : {std::size_t{1}, std::size_t{2}, std::size_t{4}, std::size_t{5}})
        CHECK((std::isnan(found.log_prob[i]) && std::isnan(found.entropy[i])));
    });
}

TEST_CASE("head_log_prob: no tokens", "[gradient][head]") {
  head::model<float> m(0, 4, 9, 6);
  support::on_every_context([&](auto& context) {
    auto const found = head::score(context, m, head::scoring({}));
    CHECK((found.report.rows == 0 && found.report.bad_rows == 0));
  });
}
