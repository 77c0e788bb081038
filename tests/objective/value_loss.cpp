// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// value_loss against its definition, by hand and by differences, and what it does with values that are not finite.
#include <cases/contexts.hpp>
#include <cases/values.hpp>
#include <support/dual.hpp>

namespace {

using cohort::by_constant;
using cohort::by_sequence_means;
using cohort::by_sequences;
using cohort::by_tokens;
using cohort::squared_error;
using cohort::value_loss_options;

/// L22: old value 0.5, and a padded cell of NaN.
template <class T>
cases::token_batch<T> example() {
  cases::token_batch<T> b;
  b.length = {2, 1};
  b.log_prob = cases::in<T>({0.9, 0.6, 0.5}), b.old_log_prob = cases::in<T>({0.5, 0.5, 0.5});
  b.ref_log_prob = cases::in<T>({1.0, 0.2, 0.5}), b.advantage = b.log_prob;
  b.mask = {1, 1, 1};
  return b;
}

struct expected {
  double loss = 0, clipped = 0, value = 0, returns = 0, tokens = 0;
};

/// The definition, one token after the other.
template <class T>
expected oracle(cases::token_batch<T> const& b, squared_error const& f, cohort::normalizer const& by) {
  double tokens = 0, sequences = 0;
  std::vector<double> row_tokens;
  std::size_t i = 0;
  for (int const n : b.length) {
    row_tokens.push_back(0);
    for (int t = 0; t < n; ++t) row_tokens.back() += b.mask[i++];
    tokens += row_tokens.back(), sequences += row_tokens.back() > 0;
  }
  expected x;
  i = 0;
  for (std::size_t r = 0; r < b.rows(); ++r)
    for (int t = 0; t < b.length[r]; ++t, ++i) {
      if (!b.mask[i]) continue;
      bool const means = by.kind == cohort::normalizer_kind::sequence_means;
      double const count = by.kind == cohort::normalizer_kind::tokens ? tokens : sequences;
      double const v = b.log_prob[i], old = b.old_log_prob[i], target = b.ref_log_prob[i];
      double const held = std::fmin(std::fmax(v, old - f.clip), old + f.clip);
      double const plain = (v - target) * (v - target), clipped = (held - target) * (held - target);
      x.loss += (f.half ? 0.5 : 1) * std::fmax(plain, clipped) / (means ? count * row_tokens[r] : count);
      x.clipped += clipped > plain, x.value += v, x.returns += target, x.tokens += 1;
    }
  return x;
}

} // namespace

TEST_CASE("value_loss: golden L22", "[objective][value_loss][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = example<T>();
    for (auto const& x : {cases::run_values(context, b, {.clip = 0.2}, {by_tokens()}),
                          cases::run_padded_values(context, b, {.columns = 2}, {.clip = 0.2}, {by_tokens()})}) {
      CHECK(x.sums.loss == approx(0.041667).epsilon(1e-5));
      CHECK(cases::distance(x.gradient, std::vector<double>{0, 0.4 / 3, 0}) < 1e-7);
      cohort::value_report const seen = cohort::read(context, &x.sums);
      CHECK(seen.clip_fraction == approx(1.0 / 3));
      CHECK((seen.mean_value == approx(2.0 / 3) && seen.mean_return == approx(1.7 / 3) && seen.tokens == 3));
      CHECK((x.padding_is_zero && seen.bad_slots == 0 && seen.first_bad_slot == -1));
      // Errors 0.1, -0.4, 0 about their mean of -0.1; squared returns 1, 0.04, 0.25.
      CHECK(seen.explained_variance == approx(1 - (0.04 + 0.09 + 0.01) / (1.29 - 1.7 * 1.7 / 3)).epsilon(1e-5));
    }
    auto const whole = cases::run_values(context, b, {.clip = 0.2, .half = false}, {by_tokens()});
    CHECK(whole.sums.loss == approx(0.083333).epsilon(1e-5));
    CHECK(cases::run_values(context, b, {}, {by_constant(1)}).sums.loss == approx(0.085).epsilon(1e-6));
  });
}

TEST_CASE("value_loss: the definition on random batches", "[objective][value_loss]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(31, {.rows = 23, .longest = 61});
    double const near = sizeof(T) == 4 ? 1e-5 : 1e-12;
    for (squared_error const& f : {squared_error{}, {.clip = 0.2}, {.clip = 0.05, .half = false}})
      for (cohort::normalizer const& by : {cohort::normalizer(by_tokens()), cohort::normalizer(by_sequences()),
                                           cohort::normalizer(by_sequence_means())}) {
        auto const x = cases::run_values(context, b, f, {by});
        auto const y = oracle(b, f, by);
        CHECK(x.sums.loss == approx(y.loss).epsilon(near));
        CHECK((x.sums.clipped == y.clipped && x.sums.tokens == y.tokens && x.sums.bad_slots == 0));
        CHECK((x.sums.value == approx(y.value).epsilon(near) && x.sums.returns == approx(y.returns).epsilon(near)));
      }
  });
}

TEST_CASE("value_loss: the gradient is the difference quotient of the loss", "[objective][value_loss]") {
  support::on_every_context([](auto& context) {
    auto b = cases::random_batch<double>(32, {.rows = 4, .longest = 7, .empty = 0});
    for (auto const& options : {value_loss_options{by_tokens()}, value_loss_options{by_sequence_means()}}) {
      auto const gradient = cases::run_values(context, b, {.clip = 0.2}, options).gradient;
      for (std::size_t i = 0; i < b.tokens(); ++i) {
        double const value = b.log_prob[i];
        auto const loss = [&](double x) {
          b.log_prob[i] = x;
          return cases::run_values(context, b, {.clip = 0.2}, options).sums.loss;
        };
        CHECK(gradient[i] == approx(support::central_difference(loss, value)).epsilon(1e-6).margin(1e-9));
        b.log_prob[i] = value;
      }
    }
  });
}

TEST_CASE("value_loss: a valid token that is not finite is left out and counted", "[objective][value_loss]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const nan = static_cast<T>(cohort::not_a_number), endless = static_cast<T>(cohort::infinity);
    auto const clean = cases::random_batch<T>(33, {.rows = 5, .longest = 40, .hole = 0, .empty = 0});
    auto masked = clean;
    masked.mask[11] = 0;
    auto const without = cases::run_values(context, masked, {.clip = 0.2}, {by_constant(9)});
    for (T const bad : {nan, endless, -endless})
      for (auto const member : {&cases::token_batch<T>::log_prob, &cases::token_batch<T>::old_log_prob,
                                &cases::token_batch<T>::ref_log_prob}) {
        auto b = clean;
        (b.*member)[11] = bad;
        auto const x = cases::run_values(context, b, {.clip = 0.2}, {by_constant(9)});
        CHECK(support::same_bits(x.gradient, without.gradient));
        CHECK((x.sums.loss == without.sums.loss && x.sums.error_squared == without.sums.error_squared));
        CHECK((x.sums.bad_slots == 1 && x.sums.first_bad_slot == 11));
        CHECK_THROWS_AS(cohort::read(context, &x.sums), cohort::data_error);
        CHECK(cohort::read(context, &x.sums, cohort::on_data_error::accept).first_bad_slot == 11);
      }
    auto b = clean;
    b.old_log_prob[11] = nan; // not read without a range
    CHECK(cases::run_values(context, b, {}, {by_tokens()}).sums.bad_slots == 0);
  });
}

TEST_CASE("value_loss: nothing valid, and a count of zero", "[objective][value_loss]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = example<T>();
    auto const unweighted = cases::run_values(context, b, {}, {by_tokens(0)});
    CHECK(unweighted.sums.unweighted == 3);
    CHECK_THROWS_AS(cohort::read(context, &unweighted.sums), cohort::data_error);
    b.mask = {0, 0, 0};
    auto const x = cases::run_values(context, b, {}, {by_tokens()});
    auto const seen = cohort::read(context, &x.sums);
    CHECK((seen.loss == 0 && seen.tokens == 0 && seen.explained_variance == 0));
    CHECK(support::same_bits(x.gradient, std::vector<T>(3, T(0))));
  });
}

TEST_CASE("value_loss: the explained variance of extreme critics", "[objective][value_loss]") {
  engines::any_context context{{engines::place::reference}};
  auto b = cases::random_batch<double>(34, {.rows = 9, .longest = 40});
  for (double& x : b.ref_log_prob) x = 1000 + x;
  b.log_prob = b.ref_log_prob;
  auto const explained = [&] {
    auto const x = cases::run_values(context, b, {}, {by_constant(1)});
    return cohort::read(context, &x.sums).explained_variance;
  };
  CHECK(explained() == 1);
  for (double& x : b.log_prob) x = 1000;
  CHECK(explained() == approx(0).margin(1e-8));
  b.ref_log_prob.assign(b.tokens(), 0.1);
  CHECK(std::isnan(explained()));
}
