// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// head_policy_gradient over batches of sequences, packed and padded, and what it must give: log-probs in long double,
/// coefficients by policy_loss in double, the chain rule by plain loops.
#pragma once

#include <cohort/gradient/head_policy_gradient.hpp>

#include <cases/contexts.hpp>
#include <cases/losses.hpp>
#include <gradient/head_cases.hpp>

namespace head {

/// A model's tokens as sequences with advantages, holes and older policies. `batch.log_prob` is not used.
template <class L>
struct problem {
  using T = cohort::compute_t<L>;
  cases::token_batch<T> batch;
  model<L> m;

  problem(std::uint64_t seed, cases::batch_shape const& shape, index_t width, index_t vocabulary, shaping const& s = {})
      : batch(cases::random_batch<T>(seed, shape)),
        m(static_cast<index_t>(batch.tokens()), width, vocabulary, seed + 1) {
    for (std::size_t i = 0; i < batch.tokens(); ++i) {
      exact_row const row(m, static_cast<index_t>(i), s);
      T const shift = static_cast<T>(row.log_prob(m.token[i])) - batch.log_prob[i];
      batch.old_log_prob[i] += shift, batch.ref_log_prob[i] += shift;
    }
  }
};

template <class L>
struct outcome {
  using T = cohort::compute_t<L>;
  std::vector<L> d_hidden; ///< packed
  std::vector<T> d_weights, d_bias;
  std::vector<T> log_prob, entropy, d_log_prob;
  cohort::logits_sums sums;
};

template <class L>
bool same(outcome<L> const& a, outcome<L> const& b) {
  return support::same_bits(a.d_hidden, b.d_hidden) && support::same_bits(a.d_weights, b.d_weights) &&
         support::same_bits(a.d_bias, b.d_bias) && support::same_bits(a.log_prob, b.log_prob) &&
         support::same_bits(a.entropy, b.entropy) && support::same_bits(a.d_log_prob, b.d_log_prob);
}

inline cohort::head_policy_gradient_options shaped(cohort::normalizer by, shaping const& s, index_t chunk_rows = 1024) {
  return {.normalizer = by,
          .temperature = s.temperature,
          .logit_scale = s.logit_scale,
          .soft_cap = s.soft_cap,
          .chunk_rows = chunk_rows};
}

inline constexpr double before = 0.125; ///< what the accumulated gradients hold already

/// Over arguments that lie like `layout`, `tokens` rows of hidden states.
template <class L, class Context, class Objective>
void call(Context& context, cohort::token_layout<host_space> const& layout, model<L> const& m,
          cases::token_batch<cohort::compute_t<L>> const& b, outcome<L>& out, Objective const& f,
          cohort::head_policy_gradient_options const& options) {
  using T = cohort::compute_t<L>;
  auto const n = static_cast<std::size_t>(m.tokens), k = static_cast<std::size_t>(m.vocabulary);
  out.d_hidden.assign(n * static_cast<std::size_t>(m.width), stored<L>(77));
  out.d_weights.assign(m.weights.size(), static_cast<T>(before));
  out.d_bias.assign(m.bias.empty() ? 0 : k, static_cast<T>(before));
  for (auto* x : {&out.log_prob, &out.entropy, &out.d_log_prob}) x->assign(n, T(77));
  cohort::head_policy_gradient_inputs<L, host_space> in{
      .layout = layout,
      .hidden = m.hidden_view(),
      .weights = m.weights_view(),
      .token = m.token,
      .old_log_prob = b.old_log_prob,
      .ref_log_prob = b.ref_log_prob,
      .advantage = cohort::per_token(b.advantage),
      .mask = b.mask,
      .correction = cases::optional_tokens<T>(b.correction, !b.correction.empty())};
  cohort::head_policy_gradient_outputs<L, host_space> to{
      .d_hidden = cases::loose_matrix(out.d_hidden.data(), m.tokens, m.width, m.width),
      .d_weights = cases::loose_matrix(out.d_weights.data(), m.vocabulary, m.width, m.width),
      .log_prob = out.log_prob,
      .entropy = out.entropy,
      .d_log_prob = out.d_log_prob,
      .report = &out.sums};
  if (!m.bias.empty()) in.bias = m.bias, to.d_bias = out.d_bias;
  context.reserve(cohort::head_policy_gradient_workspace_bytes(in, to, options));
  cohort::head_policy_gradient<L>(context, in, to, f, options);
}

template <class L, class Context, class Objective>
outcome<L> run(Context& context, problem<L> const& p, Objective const& f,
               cohort::head_policy_gradient_options const& options) {
  auto const offsets = p.batch.offsets();
  outcome<L> out;
  call(context, cohort::packed(offsets), p.m, p.batch, out, f, options);
  return out;
}

/// As a rectangle, every input of a cell that is no valid token NaN; the outcome packed again, the rest checked for 0.
template <class L, class Context, class Objective>
outcome<L> run_padded(Context& context, problem<L> const& p, index_t columns, Objective const& f,
                      cohort::head_policy_gradient_options const& options) {
  using T = cohort::compute_t<L>;
  auto const rows = static_cast<index_t>(p.batch.rows());
  model<L> wide = p.m;
  cases::token_batch<T> b = p.batch;
  wide.tokens = rows * columns;
  cases::rectangle_cells const cells(rows, {.columns = columns});
  auto const spread = [&](std::vector<T> const& x) {
    auto y = cells.poisoned(p.batch, x, NAN);
    y.resize(static_cast<std::size_t>(wide.tokens));
    return y;
  };
  b.old_log_prob = spread(b.old_log_prob), b.ref_log_prob = spread(b.ref_log_prob), b.advantage = spread(b.advantage);
  if (!b.correction.empty()) b.correction = spread(b.correction);
  wide.hidden.assign(static_cast<std::size_t>(wide.tokens * wide.width), stored<L>(cohort::not_a_number));
  wide.token.assign(static_cast<std::size_t>(wide.tokens), -7);
  b.mask.assign(static_cast<std::size_t>(wide.tokens), 0);
  auto const each = [&](auto visit) {
    std::size_t i = 0;
    for (std::size_t r = 0; r < p.batch.rows(); ++r)
      for (int c = 0; c < p.batch.length[r]; ++c, ++i)
        visit(i, r * static_cast<std::size_t>(columns) + static_cast<std::size_t>(c));
  };
  auto const width = static_cast<std::size_t>(p.m.width);
  each([&](std::size_t i, std::size_t cell) {
    if (!p.batch.mask[i]) return;
    std::copy_n(p.m.hidden.data() + i * width, width, wide.hidden.data() + cell * width);
    wide.token[cell] = p.m.token[i], b.mask[cell] = 1;
  });
  outcome<L> found, out;
  call(context, cohort::padded{rows, columns}, wide, b, found, f, options);
  out = found;
  out.d_hidden.clear();
  for (auto* x : {&out.log_prob, &out.entropy, &out.d_log_prob}) x->clear();
  std::vector<std::uint8_t> used(static_cast<std::size_t>(wide.tokens), 0);
  each([&](std::size_t, std::size_t cell) {
    used[cell] = 1;
    for (std::size_t h = 0; h < width; ++h) out.d_hidden.push_back(found.d_hidden[cell * width + h]);
    out.log_prob.push_back(found.log_prob[cell]), out.entropy.push_back(found.entropy[cell]);
    out.d_log_prob.push_back(found.d_log_prob[cell]);
  });
  for (std::size_t cell = 0; cell < used.size(); ++cell)
    for (std::size_t h = 0; !used[cell] && h < width; ++h) CHECK(value(found.d_hidden[cell * width + h]) == 0);
  return out;
}

/// What a call must give, and the size of the terms of each sum.
struct expectation {
  std::vector<double> d_hidden, d_weights, d_bias, log_prob, entropy, d_log_prob;
  std::vector<double> hidden_terms, weight_terms, bias_terms;
  double loss = 0;
};

template <class L, class Objective>
expectation expected(problem<L> const& p, Objective const& f, cohort::head_policy_gradient_options const& options) {
  auto const& m = p.m;
  shaping const s{options.temperature, options.logit_scale, options.soft_cap};
  auto const width = static_cast<std::size_t>(m.width), tokens = p.batch.tokens();
  cases::token_batch<double> b;
  b.length = p.batch.length, b.mask = p.batch.mask;
  auto const wide = [](auto const& x) { return std::vector<double>(x.begin(), x.end()); };
  b.old_log_prob = wide(p.batch.old_log_prob), b.ref_log_prob = wide(p.batch.ref_log_prob);
  b.advantage = wide(p.batch.advantage), b.correction = wide(p.batch.correction);
  std::vector<exact_row> rows;
  expectation e;
  double valid = 0;
  for (std::size_t i = 0; i < tokens; ++i) {
    rows.emplace_back(m, static_cast<index_t>(i), s);
    b.log_prob.push_back(static_cast<double>(rows[i].log_prob(m.token[i])));
    e.entropy.push_back(static_cast<double>(rows[i].entropy()));
    valid += b.mask[i] != 0;
  }
  engines::any_context context{{engines::place::reference}};
  auto const policy = cases::run_packed(context, b, f, {options.normalizer, options.ratio, options.log_ratio});
  e.log_prob = b.log_prob, e.d_log_prob = policy.seed, e.loss = policy.sums.loss;
  e.d_hidden.assign(tokens * width, 0), e.d_weights.assign(m.weights.size(), before);
  e.d_bias.assign(static_cast<std::size_t>(m.vocabulary), before);
  e.hidden_terms.assign(e.d_hidden.size(), 0), e.weight_terms.assign(e.d_weights.size(), 0);
  e.bias_terms.assign(e.d_bias.size(), 0);
  for (std::size_t i = 0; i < tokens; ++i) {
    if (!b.mask[i]) continue;
    double const bonus = options.entropy.coefficient / valid; // tests normalise it by tokens
    e.loss -= bonus * e.entropy[i];
    for (std::size_t v = 0; v < static_cast<std::size_t>(m.vocabulary); ++v) {
      auto const log_p = rows[i].log_prob(static_cast<index_t>(v)), prob = std::exp(log_p);
      long double const chosen = static_cast<index_t>(v) == m.token[i] ? 1 : 0;
      long double const d_logit =
          policy.seed[i] * (chosen - prob) + bonus * prob * (log_p + static_cast<long double>(e.entropy[i]));
      auto const g = static_cast<double>(d_logit / s.temperature * rows[i].slope[v] * s.logit_scale);
      e.d_bias[v] += g, e.bias_terms[v] += std::fabs(g);
      for (std::size_t h = 0; h < width; ++h) {
        double const weight = value(m.weights[v * width + h]), hidden = value(m.hidden[i * width + h]);
        e.d_hidden[i * width + h] += g * weight, e.hidden_terms[i * width + h] += std::fabs(g * weight);
        e.d_weights[v * width + h] += g * hidden, e.weight_terms[v * width + h] += std::fabs(g * hidden);
      }
    }
  }
  return e;
}

/// The largest difference, where the gradients are of order 1 at most; beyond what `terms` that were rounded to 16 bits
/// explain, each by `share` of itself.
template <class X>
double distance(std::vector<X> const& found, std::vector<double> const& e, std::vector<double> const& terms = {},
                double share = 0) {
  REQUIRE(found.size() == e.size());
  double worst = 0;
  for (std::size_t i = 0; i < e.size(); ++i) {
    double const stored = storage_roundoff<X> * std::fabs(e[i]) + (sixteen_bits<X> ? 0x1p-25 : 0);
    double const error = std::fabs(value(found[i]) - e[i]) - stored - (share > 0 ? share * terms[i] : 0);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/// Of two outcomes that differ by the order of their sums: what one unit of the last place does not explain.
template <class X>
double gap(std::vector<X> const& a, std::vector<X> const& b) {
  auto const e = values(b);
  auto size = e;
  for (double& x : size) x = std::fabs(x);
  return distance(a, e, size, storage_roundoff<X>);
}
template <class L>
double gap(outcome<L> const& a, outcome<L> const& b) {
  return std::fmax(gap(a.d_hidden, b.d_hidden), std::fmax(gap(a.d_weights, b.d_weights), gap(a.d_bias, b.d_bias)));
}
template <class L>
double const rounding = sizeof(L) <= 4 ? 1e-6 : 1e-14;

/// Gradients of logits are rounded once where they are written, and again where a cap is undone.
template <class L>
void check(outcome<L> const& found, expectation const& e, std::vector<std::uint8_t> const& mask, bool capped = false) {
  double const allowed = sizeof(L) <= 4 ? 2e-5 : 2e-12;
  double const share = storage_roundoff<L> * (capped ? 2.25 : 1.125);
  CHECK(distance(found.d_hidden, e.d_hidden, e.hidden_terms, share) <= allowed);
  CHECK(distance(found.d_weights, e.d_weights, e.weight_terms, share) <= allowed);
  if (!found.d_bias.empty()) CHECK(distance(found.d_bias, e.d_bias, e.bias_terms, share) <= allowed);
  CHECK(distance(found.d_log_prob, e.d_log_prob) <= allowed);
  CHECK(std::fabs(cohort::report_of(found.sums).loss - e.loss) <= allowed);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    CHECK(std::fabs(static_cast<double>(found.log_prob[i]) - (mask[i] ? e.log_prob[i] : 0)) <= allowed);
    CHECK(std::fabs(static_cast<double>(found.entropy[i]) - (mask[i] ? e.entropy[i] : 0)) <= allowed);
  }
}

} // namespace head
