// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Stories of head_log_prob and head_policy_gradient, on contexts that multiply. All but one wait: the number of rows
/// is an extent of a product.
#pragma once

#include <string>
#include <vector>

#include <cases/stories/rows.hpp>

namespace stories {

struct head_case {
  index_t tokens = 50, width = 48, vocabulary = 300, sequences = 5, chunk = 16;
  cohort::ratio_level level = cohort::ratio_level::token;
  double entropy = 0, soft_cap = cohort::infinity, temperature = 1;
  bool bias = true, masked = true;
};

template <class T>
struct head_batch {
  std::vector<T> hidden, weights, bias, old_log_prob, advantage;
  std::vector<std::int64_t> token;
  std::vector<std::uint8_t> mask;

  explicit head_batch(head_case const& c, std::uint64_t seed = 101) {
    cases::random random(seed);
    hidden = random.normals<T>(static_cast<std::size_t>(c.tokens * c.width));
    weights = random.normals<T>(static_cast<std::size_t>(c.vocabulary * c.width), 2 / std::sqrt(double(c.width)));
    bias = random.normals<T>(static_cast<std::size_t>(c.vocabulary));
    for (index_t t = 0; t < c.tokens; ++t) {
      mask.push_back(!c.masked || random.bits() % 4 != 0), token.push_back(random.integer(0, c.vocabulary - 1));
      old_log_prob.push_back(static_cast<T>(random.uniform(-8, -4)));
    }
    for (index_t r = 0; r < c.sequences; ++r) advantage.push_back(static_cast<T>(r % 4 == 3 ? 0 : random.normal()));
  }
};
/// The error of a logit is that of a sum of `width` products of numbers below 12.
template <class T>
double head_units(head_case const& c) {
  return (2 * std::sqrt(static_cast<double>(c.width)) + 32) * 8 + reference_units<T>(c.vocabulary);
}

template <class T>
struct head_log_prob_story {
  head_case what;
  [[nodiscard]] bool waits() const { return what.masked; }

  template <class Stage>
  void operator()(Stage& on) const {
    head_batch<T> const b(what);
    auto const hidden = on.input(b.hidden), weights = on.input(b.weights), bias = on.input(b.bias);
    auto const token = on.input(b.token);
    auto const mask = on.input(b.mask);
    budget const allowed{.absolute = head_units<T>(what) * roundoff<T> * 8, .zeros = false};
    auto const log_prob = on.template output<T>("log_prob", what.tokens, allowed);
    auto const entropy = on.template output<T>("entropy", what.tokens, allowed);
    auto* const report = on.template report<cohort::row_sums>("report", {});
    on.run([&](auto& context) {
      cohort::head_log_prob_inputs<T, typename Stage::space> in{.hidden = as_matrix(hidden, what.tokens, what.width),
                                                                .weights =
                                                                    as_matrix(weights, what.vocabulary, what.width),
                                                                .token = token};
      if (what.bias) in.bias = bias;
      if (what.masked) in.mask = mask;
      cohort::head_log_prob<T>(context, in, {.log_prob = log_prob, .entropy = entropy, .report = report},
                               {.temperature = what.temperature, .soft_cap = what.soft_cap, .chunk_rows = what.chunk});
    });
  }
};

template <class T>
struct head_policy_story {
  head_case what;
  [[nodiscard]] bool waits() const { return true; }

  template <class Stage>
  void operator()(Stage& on) const {
    head_batch<T> const b(what);
    auto const hidden = on.input(b.hidden), weights = on.input(b.weights), bias = on.input(b.bias);
    auto const old = on.input(b.old_log_prob), advantage = on.input(b.advantage);
    auto const token = on.input(b.token);
    auto const mask = on.input(b.mask);
    double const units = head_units<T>(what) * 4;
    budget const of_sums{.of_largest = units * roundoff<T>, .zeros = false};
    budget const of_score{.absolute = units * roundoff<T> * 8, .zeros = false};
    auto const d_hidden = on.template output<T>("d_hidden", what.tokens * what.width, of_sums);
    cases::random random(102);
    auto const d_weights = on.output_over("d_weights", random.normals<T>(b.weights.size(), 0.01), of_sums);
    auto const d_bias = on.output_over("d_bias", random.normals<T>(b.bias.size(), 0.01), of_sums);
    auto const log_prob = on.template output<T>("log_prob", what.tokens, of_score);
    auto const seed = on.template output<T>("d_log_prob", what.tokens, {.of_largest = units * roundoff<T>});
    auto* const report = on.template report<cohort::logits_sums>(
        "report", {roundoff<T>, 64.0 * static_cast<double>(what.tokens), 64, units});
    on.run([&](auto& context) {
      cohort::head_policy_gradient_inputs<T, typename Stage::space> in{
          .layout = cohort::padded{what.sequences, what.tokens / what.sequences},
          .hidden = as_matrix(hidden, what.tokens, what.width),
          .weights = as_matrix(weights, what.vocabulary, what.width),
          .token = token,
          .old_log_prob = old,
          .advantage = cohort::per_sequence(advantage),
          .mask = mask};
      cohort::head_policy_gradient_outputs<T, typename Stage::space> out{
          .d_hidden = as_matrix(d_hidden, what.tokens, what.width),
          .d_weights = as_matrix(d_weights, what.vocabulary, what.width),
          .log_prob = log_prob,
          .d_log_prob = seed,
          .report = report};
      if (what.bias) in.bias = bias, out.d_bias = d_bias;
      cohort::head_policy_gradient<T>(context, in, out, cohort::objective(cohort::ppo_clip{}),
                                      {.normalizer = cohort::by_tokens(40),
                                       .ratio = what.level,
                                       .log_ratio = {.low = -1, .high = 1},
                                       .temperature = what.temperature,
                                       .soft_cap = what.soft_cap,
                                       .entropy = {.coefficient = what.entropy},
                                       .chunk_rows = what.chunk});
    });
  }
};

template <class F>
void each_head_story(F f) {
  f("head_log_prob<float>", head_log_prob_story<float>{{.masked = false}});
  f("head_log_prob<float>, masked", head_log_prob_story<float>{{.soft_cap = 5}});
  f("head_log_prob<float>, wide", head_log_prob_story<float>{{.vocabulary = 9000, .masked = false}});
  f("head_policy_gradient<float>", head_policy_story<float>{});
  f("head_policy_gradient<float>, one chunk", head_policy_story<float>{{.chunk = 64, .bias = false, .masked = false}});
  f("head_policy_gradient<float>, sequence", head_policy_story<float>{{.level = cohort::ratio_level::sequence}});
  f("head_policy_gradient<float>, soft cap", head_policy_story<float>{{.entropy = 0.01, .soft_cap = 5}});
  f("head_policy_gradient<double>", head_policy_story<double>{{.width = 31, .vocabulary = 77}});
}

} // namespace stories
