// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Heads: hidden states, weights, bias and tokens, and what they say, by the definition in long double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <cohort/gradient/head_log_prob.hpp>
#include <cohort/interop/span.hpp>

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

template <class T>
struct model {
  index_t tokens, width, vocabulary;
  std::vector<T> hidden, weights, bias;
  std::vector<std::int64_t> token;

  model(index_t n, index_t h, index_t v, std::uint64_t seed) : tokens(n), width(h), vocabulary(v) {
    support::random random(seed);
    hidden = random.normals<T>(static_cast<std::size_t>(n * h));
    weights = random.normals<T>(static_cast<std::size_t>(v * h), 2 / std::sqrt(static_cast<double>(h)));
    bias = random.normals<T>(static_cast<std::size_t>(v), 0.5);
    for (index_t t = 0; t < n; ++t) token.push_back(random.integer(0, v - 1));
  }
  [[nodiscard]] auto hidden_view() { return cases::loose_matrix(hidden.data(), tokens, width, width); }
  [[nodiscard]] auto hidden_view() const { return cases::loose_matrix(hidden.data(), tokens, width, width); }
  [[nodiscard]] auto weights_view() const { return cases::loose_matrix(weights.data(), vocabulary, width, width); }
};

/// The logits of one token before the temperature, and their derivative with respect to what goes into the cap.
struct exact_row {
  std::vector<long double> logit, slope;
  long double temperature, high, sum = 0;

  template <class T>
  exact_row(model<T> const& m, index_t t, shaping const& s) : temperature(s.temperature) {
    for (index_t v = 0; v < m.vocabulary; ++v) {
      long double x = m.bias.empty() ? 0 : static_cast<long double>(m.bias[static_cast<std::size_t>(v)]);
      for (index_t h = 0; h < m.width; ++h)
        x += static_cast<long double>(m.hidden[static_cast<std::size_t>(t * m.width + h)]) *
             static_cast<long double>(m.weights[static_cast<std::size_t>(v * m.width + h)]);
      x *= s.logit_scale;
      bool const capped = s.soft_cap < cohort::infinity;
      long double const bent = capped ? std::tanh(x / s.soft_cap) : 0;
      logit.push_back(capped ? s.soft_cap * bent : x);
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

template <class T>
struct scores {
  std::vector<T> log_prob, log_sum_exp, entropy;
  cohort::row_sums report{.rows = -1, .bad_rows = -1};
};

template <class T, class Context, class Mask = cohort::mask_view<T, host_space>>
scores<T> score(Context& context, model<T> const& m, cohort::head_log_prob_options const& options,
                Mask const& mask = {}) {
  auto const n = static_cast<std::size_t>(m.tokens);
  scores<T> out{std::vector<T>(n, 77), std::vector<T>(n, 77), std::vector<T>(n, 77)};
  cohort::optional_view<T const, 1, host_space> bias{};
  if (!m.bias.empty()) bias = m.bias;
  cohort::head_log_prob_inputs<T, host_space> const in{m.hidden_view(), m.weights_view(), bias, m.token, mask};
  context.reserve(cohort::head_log_prob_workspace_bytes(in, options));
  cohort::head_log_prob<T>(context, in, {out.log_prob, out.log_sum_exp, out.entropy, &out.report}, options);
  return out;
}

inline cohort::head_log_prob_options scoring(shaping const& s, index_t chunk_rows = 1024) {
  return {s.temperature, s.logit_scale, s.soft_cap, chunk_rows};
}

/// f(shaping) for every way to make logits.
template <class F>
void for_each_shaping(F const& f) {
  f(shaping{});
  f(shaping{.temperature = 0.7, .logit_scale = 0.5});
  f(shaping{.soft_cap = 3});
  f(shaping{.temperature = 1.3, .logit_scale = 2, .soft_cap = 5});
}

} // namespace head
