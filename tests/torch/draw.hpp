// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Random problems, the same on every machine.
#pragma once

#include <cmath>
#include <initializer_list>
#include <random>

#include <torch/oracle.hpp>

namespace torch_oracle {

class draw {
public:
  explicit draw(std::uint64_t seed) : bits_(seed) {}

  problem operator()(surrogate s, penalty k, bool in_float) {
    problem p;
    p.in_float = in_float, p.surrogate = s, p.penalty = k;
    p.rows = integer(1, 6), p.columns = integer(1, 7), p.vocabulary = integer(1, 40);
    choose_conventions(p);
    fill(p);
    return p;
  }

private:
  std::mt19937_64 bits_;

  double uniform(double low = 0, double high = 1) {
    return low + (high - low) * std::ldexp(static_cast<double>(bits_() >> 11), -53);
  }
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(bits_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool maybe(double share = 0.5) { return uniform() < share; }
  template <class X>
  X any(std::initializer_list<X> all) {
    return all.begin()[integer(0, static_cast<std::int64_t>(all.size()) - 1)];
  }

  normalizer any_normalizer() {
    auto const by =
        any({denominator::tokens, denominator::sequences, denominator::sequence_means, denominator::constant});
    return {by, by == denominator::constant || maybe() ? uniform(1, 9) : 0.0};
  }
  values parameters_of(surrogate s) {
    switch (s) {
    case surrogate::ppo_clip:
      return {uniform(0.05, 0.3), uniform(0.05, 0.4)};
    case surrogate::dual_clip:
      return {uniform(0.05, 0.3), uniform(0.05, 0.4), uniform(1.05, 2)};
    case surrogate::two_sided_clip:
      return {uniform(0.05, 0.3), uniform(0.05, 0.4), uniform(1.05, 2)};
    case surrogate::sapo:
      return {uniform(0.5, 2), uniform(0.5, 2)};
    case surrogate::cispo:
      return {maybe() ? 0.0 : uniform(0.7, 1), uniform(1.05, 1.5)};
    case surrogate::vespo:
      return {uniform(0, 3), uniform(0.5, 3), uniform(0, 3), uniform(0.5, 3)};
    }
    return {};
  }
  void choose_conventions(problem& p) {
    p.parameters = parameters_of(p.surrogate);
    p.beta = p.penalty == penalty::none ? 0 : uniform(0.01, 0.5);
    p.limit = uniform(0.1, 1);
    p.level =
        any({ratio_level::token, ratio_level::sequence, ratio_level::sequence_token, ratio_level::sequence_product});
    if (maybe(0.3)) p.log_ratio_low = -uniform(0.1, 0.6), p.log_ratio_high = uniform(0.1, 0.6);
    p.normalizer = any_normalizer();
    p.entropy_normalizer = maybe() ? p.normalizer : any_normalizer();
    p.temperature = any({1.0, 0.6, 1.7});
    p.entropy = maybe() ? uniform(-0.05, 0.1) : 0;
    p.distribution_kl = maybe(0.3) ? uniform(0.01, 0.3) : 0;
    p.advantage_per_token = maybe();
  }

  values numbers(std::int64_t count, double size) {
    values x(static_cast<std::size_t>(count));
    for (double& v : x) v = uniform(-size, size);
    return x;
  }
  /// One token is always there: what a call without any does is not a question for a peer.
  std::vector<std::uint8_t> mask(std::int64_t tokens) {
    double const hole = any({0.0, 0.2, 0.6});
    std::vector<std::uint8_t> x;
    for (std::int64_t t = 0; t < tokens; ++t) x.push_back(maybe(hole) ? 0 : 1);
    x[static_cast<std::size_t>(integer(0, tokens - 1))] = 1;
    return x;
  }
  void fill(problem& p) {
    std::int64_t const tokens = p.rows * p.columns;
    p.mask = mask(tokens);
    double const spread = any({0.5, 2.0, 5.0});
    p.logits = numbers(tokens * p.vocabulary, spread);
    if (p.distribution_kl != 0) p.ref_logits = numbers(tokens * p.vocabulary, spread);
    p.advantage = numbers(p.advantage_per_token ? tokens : p.rows, 2);
    for (double& a : p.advantage) a = maybe(0.2) ? 0 : a;
    if (maybe(0.3)) p.correction = numbers(tokens, 1);
    for (double& w : p.correction) w = maybe(0.2) ? 0 : 1 + w;
    for (std::int64_t t = 0; t < tokens; ++t) fill_token(p, t);
  }
  /// Other policies not far from this one; a reference now and then beyond every clamp.
  void fill_token(problem& p, std::int64_t t) {
    p.token.push_back(integer(0, p.vocabulary - 1));
    double const now = log_prob(p, t);
    p.old_log_prob.push_back(now + uniform(-0.4, 0.4));
    p.ref_log_prob.push_back(now + uniform(-1, 1));
    if (maybe(0.1)) p.ref_log_prob.back() += 3.5;
  }
  static double log_prob(problem const& p, std::int64_t t) {
    auto const* z = p.logits.data() + t * p.vocabulary;
    double sum = 0;
    for (std::int64_t v = 0; v < p.vocabulary; ++v) sum += std::exp(z[v] / p.temperature);
    return z[p.token[static_cast<std::size_t>(t)]] / p.temperature - std::log(sum);
  }
};

} // namespace torch_oracle
