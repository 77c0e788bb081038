// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of logits of any storage kind, and what is exact for them in long double.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <cases/storage.hpp>
#include <cohort/gradient/token_log_prob.hpp>
#include <cohort/interop/span.hpp>
#include <support/numbers.hpp>

namespace oracle {

using cohort::host_space;
using cohort::index_t;

using cases::stored, cases::value;

/// rows x vocabulary logits in rows `pitch` apart, a token per row. What lies beyond the vocabulary is NaN.
template <class L>
struct batch {
  using logit = L;
  using compute = cohort::compute_t<L>;

  index_t rows, vocabulary, pitch;
  std::vector<L> logits;
  std::vector<std::int64_t> token;

  batch(index_t n, index_t width, index_t apart = 0)
      : rows(n), vocabulary(width), pitch(apart > width ? apart : width),
        logits(static_cast<std::size_t>(n * pitch), stored<L>(cohort::not_a_number)),
        token(static_cast<std::size_t>(n)) {}

  L& at(index_t r, index_t v) { return logits[static_cast<std::size_t>(r * pitch + v)]; }
  double logit_at(index_t r, index_t v) const { return value(logits[static_cast<std::size_t>(r * pitch + v)]); }
  std::int64_t& token_of(index_t r) { return token[static_cast<std::size_t>(r)]; }

  cohort::view<L const, 2, host_space> view() const { return {logits.data(), {rows, vocabulary}, {pitch, 1}}; }
  cohort::view<L, 2, host_space> view_of(std::vector<L>& x) const { return {x.data(), {rows, vocabulary}, {pitch, 1}}; }
};

/// Normal logits and tokens anywhere in the vocabulary.
template <class L>
batch<L> random_batch(index_t rows, index_t vocabulary, std::uint64_t seed, double offset = 0, double scale = 3,
                      index_t pitch = 0) {
  support::random random(seed);
  batch<L> b(rows, vocabulary, pitch);
  for (index_t r = 0; r < rows; ++r) {
    for (index_t v = 0; v < vocabulary; ++v) b.at(r, v) = stored<L>(offset + scale * random.normal());
    b.token_of(r) = random.integer(0, vocabulary - 1);
  }
  return b;
}

/// One row alone.
template <class L>
batch<L> row_of(batch<L> const& b, index_t r) {
  batch<L> one(1, b.vocabulary, b.pitch);
  for (index_t v = 0; v < b.pitch; ++v)
    one.logits[static_cast<std::size_t>(v)] = b.logits[static_cast<std::size_t>(r * b.pitch + v)];
  one.token[0] = b.token[static_cast<std::size_t>(r)];
  return one;
}

struct exact_row {
  long double high = -std::numeric_limits<long double>::infinity(), sum = 0, temperature;
  template <class L>
  exact_row(batch<L> const& b, index_t r, double divisor) : exact_row(b, r, divisor, b.vocabulary) {}
  /// Of the first columns alone.
  template <class L>
  exact_row(batch<L> const& b, index_t r, double divisor, index_t columns) : temperature(divisor) {
    for (index_t v = 0; v < columns; ++v) high = std::fmax(high, static_cast<long double>(b.logit_at(r, v)));
    for (index_t v = 0; v < columns; ++v) sum += std::exp((b.logit_at(r, v) - high) / temperature);
  }
  long double log_sum_exp() const { return high / temperature + std::log(sum); }
  long double log_prob(long double logit) const { return (logit - high) / temperature - std::log(sum); }
  long double prob(long double logit) const { return std::exp((logit - high) / temperature) / sum; }
};

/// What the forward writes.
template <class L>
struct forward {
  std::vector<cohort::compute_t<L>> log_prob, log_sum_exp;
  cohort::row_sums report{.rows = -1, .bad_rows = -1};
};

template <class Context, class L, class Mask = cohort::mask_view<cohort::compute_t<L>, host_space>>
forward<L> run_forward(Context& context, batch<L> const& b, double temperature = 1, Mask const& mask = {}) {
  auto const n = static_cast<std::size_t>(b.rows);
  forward<L> out{std::vector<cohort::compute_t<L>>(n, 77), std::vector<cohort::compute_t<L>>(n, 77)};
  cohort::token_log_prob<L>(context, {.logits = b.view(), .token = b.token, .mask = mask},
                            {.log_prob = out.log_prob, .log_sum_exp = out.log_sum_exp, .report = &out.report},
                            {.temperature = temperature});
  return out;
}

/// What the backward writes; the elements beyond the vocabulary come from `before`.
template <class L>
struct backward {
  std::vector<L> d_logits;
  cohort::row_sums report{.rows = -1, .bad_rows = -1};
};

template <class L>
using numbers = std::vector<cohort::compute_t<L>>;

template <class Context, class L, class Mask = cohort::mask_view<cohort::compute_t<L>, host_space>>
backward<L> run_backward(Context& context, batch<L> const& b, numbers<L> const& seed, double temperature = 1,
                         numbers<L> const* log_sum_exp = nullptr, Mask const& mask = {}) {
  backward<L> out{std::vector<L>(b.logits.size(), stored<L>(55))};
  cohort::optional_view<cohort::compute_t<L> const, 1, host_space> given{};
  if (log_sum_exp) given = *log_sum_exp;
  cohort::token_log_prob_backward<L>(
      context, {.logits = b.view(), .token = b.token, .log_sum_exp = given, .d_log_prob = seed, .mask = mask},
      {.d_logits = b.view_of(out.d_logits), .report = &out.report}, {.temperature = temperature});
  return out;
}

} // namespace oracle
