// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Heads: hidden states, weights, bias and tokens, and what they say, by the definition in long double. Those of 16 bits lie
/// on a grid on which every sum of a product is exact: their logits are the exact ones, rounded to the type.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <cohort/gradient/head_log_prob.hpp>
#include <cohort/interop/span.hpp>

#include <cases/storage.hpp>
#include <cases/tensors.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace head {

using cohort::host_space;
using cohort::index_t;

/// How logits are made of hidden states.
struct shaping {
  double temperature = 1, logit_scale = 1, soft_cap = cohort::infinity;
};

template <class L>
inline constexpr bool sixteen_bits = sizeof(L) == 2;
/// Half a unit of the last place of 1 as it is stored.
template <class L>
inline constexpr double storage_roundoff = std::is_same_v<L, cohort::half>       ? 0x1p-11
                                           : std::is_same_v<L, cohort::bfloat16> ? 0x1p-8
                                                                                 : 0;
using cases::stored, cases::value;
template <class L>
std::vector<double> values(std::vector<L> const& x) {
  std::vector<double> y;
  for (L const& one : x) y.push_back(value(one));
  return y;
}
/// Rounded to the type, where that has 16 bits: what a product, or a cap, leaves of a logit.
template <class L>
long double as_stored(long double x) {
  if constexpr (sixteen_bits<L>) return static_cast<long double>(value(stored<L>(static_cast<double>(x))));
  return x;
}

template <class L>
struct model {
  index_t tokens, width, vocabulary;
  std::vector<L> hidden, weights, bias;
  std::vector<std::int64_t> token;

  model(index_t n, index_t h, index_t v, std::uint64_t seed) : tokens(n), width(h), vocabulary(v) {
    support::random random(seed);
    fill(random, hidden, n * h, 1);
    fill(random, weights, v * h, 2 / std::sqrt(static_cast<double>(h)));
    fill(random, bias, v, 0.5);
    for (index_t t = 0; t < n; ++t) token.push_back(random.integer(0, v - 1));
  }
  static void fill(support::random& random, std::vector<L>& x, index_t n, double size) {
    if constexpr (sixteen_bits<L>)
      for (index_t i = 0; i < n; ++i) x.push_back(stored<L>(std::round(32 * size * random.normal()) / 32));
    else
      x = random.normals<L>(static_cast<std::size_t>(n), size);
  }
  [[nodiscard]] auto hidden_view() { return cases::loose_matrix(hidden.data(), tokens, width, width); }
  [[nodiscard]] auto hidden_view() const { return cases::loose_matrix(hidden.data(), tokens, width, width); }
  [[nodiscard]] auto weights_view() const { return cases::loose_matrix(weights.data(), vocabulary, width, width); }
};

/// The logits of one token before the temperature, and their derivative with respect to what goes into the cap.
struct exact_row {
  std::vector<long double> logit, slope;
  long double temperature, high, sum = 0;

  /// X: the type that logits are rounded to.
  template <class L, class X = L>
  exact_row(model<L> const& m, index_t t, shaping const& s, X = {}) : temperature(s.temperature) {
    for (index_t v = 0; v < m.vocabulary; ++v) {
      long double x = m.bias.empty() ? 0 : value(m.bias[static_cast<std::size_t>(v)]);
      for (index_t h = 0; h < m.width; ++h)
        x += static_cast<long double>(value(m.hidden[static_cast<std::size_t>(t * m.width + h)])) *
             value(m.weights[static_cast<std::size_t>(v * m.width + h)]);
      x = as_stored<X>(x * s.logit_scale);
      bool const capped = s.soft_cap < cohort::infinity;
      logit.push_back(capped ? as_stored<X>(s.soft_cap * std::tanh(x / s.soft_cap)) : x);
      long double const bent = capped ? logit.back() / s.soft_cap : 0;
      slope.push_back(capped ? 1 - bent * bent : 1);
    }
    high = *std::max_element(logit.begin(), logit.end());
    for (long double const x : logit) sum += std::exp((x - high) / temperature);
  }
  [[nodiscard]] long double log_prob(index_t v) const {
    return (logit[static_cast<std::size_t>(v)] - high) / temperature - std::log(sum);
  }
  [[nodiscard]] long double log_sum_exp() const { return high / temperature + std::log(sum); }
  [[nodiscard]] long double entropy() const {
    long double total = 0;
    for (index_t v = 0; v < static_cast<index_t>(logit.size()); ++v) total -= std::exp(log_prob(v)) * log_prob(v);
    return total;
  }
};

template <class L>
struct scores {
  std::vector<cohort::compute_t<L>> log_prob, log_sum_exp, entropy;
  cohort::row_sums report{.rows = -1, .bad_rows = -1};
};

template <class L, class Context, class Mask = cohort::mask_view<cohort::compute_t<L>, host_space>>
scores<L> score(Context& context, model<L> const& m, cohort::head_log_prob_options const& options,
                Mask const& mask = {}) {
  std::vector<cohort::compute_t<L>> const unwritten(static_cast<std::size_t>(m.tokens), 77);
  scores<L> out{unwritten, unwritten, unwritten};
  cohort::optional_view<L const, 1, host_space> bias{};
  if (!m.bias.empty()) bias = m.bias;
  cohort::head_log_prob_inputs<L, host_space> const in{m.hidden_view(), m.weights_view(), bias, m.token, mask};
  context.reserve(cohort::head_log_prob_workspace_bytes(in, options));
  cohort::head_log_prob<L>(context, in, {out.log_prob, out.log_sum_exp, out.entropy, &out.report}, options);
  return out;
}

inline cohort::head_log_prob_options scoring(shaping const& s, index_t chunk_rows = 1024) {
  return {s.temperature, s.logit_scale, s.soft_cap, chunk_rows};
}

/// A context that may not be waited for.
template <class Context>
struct no_waiting {
  using memory_space = typename Context::memory_space;
  Context& context;

  template <template <class> class A, class Body>
  void for_each_row(cohort::row_layout<memory_space> const& rows, Body const& body, A<double>* total) {
    context.template for_each_row<A>(rows, body, total);
  }
  void group_by(cohort::index_view<memory_space> const& ids, index_t n, index_t* order, index_t* offsets) {
    context.group_by(ids, n, order, offsets);
  }
  [[nodiscard]] cohort::scratch_memory scratch() const { return context.scratch(); }
  void reserve(index_t bytes) { context.reserve(bytes); }
  template <class T, class R>
  void multiply(cohort::matrix_product<T, R> const& product) {
    context.multiply(product);
  }
  template <class X>
  X fetch(X const*) {
    FAIL("it waits");
    return {};
  }
};

/// f(shaping) for every way to make logits.
template <class F>
void for_each_shaping(F const& f) {
  f(shaping{});
  f(shaping{.temperature = 0.7, .logit_scale = 0.5});
  f(shaping{.soft_cap = 3});
  f(shaping{.temperature = 1.3, .logit_scale = 2, .soft_cap = 5});
}

} // namespace head
