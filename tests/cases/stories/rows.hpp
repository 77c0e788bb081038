// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of logits, and the stories of token_log_prob and its backward.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cases/random.hpp>
#include <cases/storage.hpp>
#include <cases/stories/recording.hpp>

namespace stories {

using cases::stored;
template <class L>
std::string name_of() {
  if constexpr (std::is_same_v<L, float>) return "<float>";
  if constexpr (std::is_same_v<L, double>) return "<double>";
  return std::is_same_v<L, cohort::half> ? "<half>" : "<bfloat16>";
}

/// reference_context adds a row in order, in double: what that costs a result in double, in roundoffs.
template <class C>
double reference_units(index_t vocabulary) {
  return std::is_same_v<C, double> ? std::sqrt(static_cast<double>(vocabulary)) : 0;
}

struct row_shape {
  index_t rows, vocabulary;
  index_t padding = 0;  ///< columns behind the vocabulary, NaN
  double hole = 0;      ///< share of masked rows, NaN throughout
  bool bad = false;     ///< one row in five is without a log-prob
  bool dropped = false; ///< one logit in three is -inf
};

/// Logits of all kinds of rows. Everything that a call must not read is NaN.
template <class L>
struct row_batch {
  using C = cohort::compute_t<L>;
  row_shape shape;
  index_t pitch;
  std::vector<L> logits;
  std::vector<std::int64_t> token;
  std::vector<std::uint8_t> mask;
  std::vector<double> log_prob; ///< as such a call computes it; 0 where there is none
  double largest = 1;           ///< of |log_prob|

  row_batch(row_shape const& of, std::uint64_t seed) : shape(of), pitch(of.vocabulary + of.padding) {
    cases::random random(seed);
    logits.assign(static_cast<std::size_t>(of.rows * pitch), stored<L>(cohort::not_a_number));
    for (index_t r = 0; r < of.rows; ++r) {
      bool const valid = !(random.uniform() < of.hole);
      mask.push_back(valid);
      token.push_back(valid ? random.integer(0, of.vocabulary - 1) : std::int64_t{1} << 40);
      double const scale = random.uniform(0.5, 4);
      if (valid) fill(random, r, scale);
      if (valid && of.bad && r % 5 == 2) spoil(r, random.bits() % 4);
      log_prob.push_back(valid ? score(r) : 0);
      largest = std::fmax(largest, std::fabs(log_prob.back()));
    }
  }

  L& at(index_t r, index_t v) { return logits[static_cast<std::size_t>(r * pitch + v)]; }
  [[nodiscard]] double logit(index_t r, index_t v) const {
    return cohort::detail::widen<double>(&logits[static_cast<std::size_t>(r * pitch + v)]);
  }
  /// The log-prob of row r's token; 0 where it has none.
  [[nodiscard]] double score(index_t r) const {
    std::int64_t const chosen = token[static_cast<std::size_t>(r)];
    double top = -cohort::infinity, sum = 0;
    for (index_t v = 0; v < shape.vocabulary; ++v) top = std::fmax(top, logit(r, v));
    for (index_t v = 0; v < shape.vocabulary; ++v) sum += std::exp(logit(r, v) - top);
    if (chosen < 0 || chosen >= shape.vocabulary) return 0;
    double const x = logit(r, chosen) - top - std::log(sum);
    return std::isfinite(x) ? x : 0;
  }
  /// |log_prob| in units of its budget: 8 u max(1, |log_prob|).
  [[nodiscard]] std::vector<double> score_budgets(double units) const {
    std::vector<double> x;
    for (double const lp : log_prob) x.push_back(units * roundoff<C> * std::fmax(1, std::fabs(lp)));
    return x;
  }

private:
  void fill(cases::random& random, index_t r, double scale) {
    std::int64_t const chosen = token.back();
    for (index_t v = 0; v < shape.vocabulary; ++v) {
      bool const drop = shape.dropped && v != chosen && random.bits() % 3 == 0;
      at(r, v) = stored<L>(drop ? -cohort::infinity : scale * random.normal());
    }
  }
  void spoil(index_t r, std::uint64_t how) {
    index_t const at_end = shape.vocabulary - 1;
    if (how == 0) token.back() = shape.vocabulary;
    if (how == 1) token.back() = -1;
    if (how == 2) at(r, at_end) = stored<L>(cohort::not_a_number);
    if (how == 3) at(r, at_end / 2) = stored<L>(cohort::infinity);
  }
};

/// One word in eight of a mask of classes, always with the tokens' own bits.
template <class L>
std::vector<std::uint32_t> classes_of(row_batch<L> const& b, std::uint64_t seed) {
  cases::random random(seed);
  index_t const words = (b.shape.vocabulary + 31) / 32;
  std::vector<std::uint32_t> x;
  for (index_t r = 0; r < b.shape.rows; ++r) {
    for (index_t w = 0; w < words; ++w)
      x.push_back(static_cast<std::uint32_t>(random.bits() & random.bits()) * (random.bits() % 3 != 0));
    std::int64_t const chosen = b.token[static_cast<std::size_t>(r)];
    bool const out = b.shape.bad && r % 5 == 3;
    if (chosen >= 0 && chosen < b.shape.vocabulary && !out)
      x[static_cast<std::size_t>(r * words + chosen / 32)] |= 1U << chosen % 32;
  }
  return x;
}

template <class L>
struct log_prob_story {
  row_shape shape;
  bool by_classes = false;
  double temperature = 1;
  std::uint64_t seed = 61;
  drawn_once<row_batch<L>> drawn{};

  template <class Stage>
  void operator()(Stage& on) const {
    using C = cohort::compute_t<L>;
    row_batch<L> const& b = drawn(shape, seed);
    auto const logits = on.input(b.logits);
    auto const token = on.input(b.token);
    auto const mask = on.input(b.mask);
    index_t const words = (shape.vocabulary + 31) / 32, n = shape.rows;
    auto const classes = on.input(by_classes ? classes_of(b, seed + 1) : std::vector<std::uint32_t>{});
    double const u = roundoff<C>, wide = 1 / temperature;
    double const spread = std::fmax(1, std::log(static_cast<double>(shape.vocabulary)));
    double const reach = wide * (24 + b.largest); // of a log-prob, and of a log-sum-exp: logits are within 24
    double const order = reference_units<C>(shape.vocabulary);
    budget const of_score{.absolute = (16 + order) * u * reach, .zeros = false};
    auto const log_prob = on.template output<C>(
        "log_prob", n, by_classes || wide != 1 ? of_score : budget{.each = b.score_budgets(16 + order)});
    auto const log_sum_exp = on.template output<C>("log_sum_exp", n, of_score);
    auto const entropy = on.template output<C>("entropy", n, {.absolute = (32 + order) * u * spread, .zeros = false});
    budget const of_share{.absolute = 0x1p-149, .relative = (32 * reach + order) * u};
    auto const squares = on.template output<C>("sum_of_squares", n, of_share);
    auto const probability = on.template output<C>("probability", n, of_share);
    auto const rank = on.template output<std::int64_t>("rank", n, {});
    auto* const report = on.template report<cohort::row_sums>("report", {});
    on.run([&](auto& context) {
      cohort::token_log_prob_inputs<L, typename Stage::space> in{
          .logits = as_matrix(logits, n, shape.vocabulary, b.pitch), .token = token, .mask = mask};
      if (by_classes) in.vocabulary_mask = as_matrix(classes, n, words);
      cohort::token_log_prob<L>(context, in,
                                {.log_prob = log_prob,
                                 .log_sum_exp = log_sum_exp,
                                 .entropy = entropy,
                                 .sum_of_squares = squares,
                                 .probability = probability,
                                 .rank = rank,
                                 .report = report},
                                {.temperature = temperature});
    });
  }
};

template <class L>
struct log_prob_backward_story {
  row_shape shape;
  bool normalised = false, entropy = false, in_place = false, accumulate = false, by_classes = false;
  std::uint64_t seed = 71;
  drawn_once<row_batch<L>> drawn{};

  template <class Stage>
  void operator()(Stage& on) const {
    using C = cohort::compute_t<L>;
    row_batch<L> const& b = drawn(shape, seed);
    cases::random random(seed + 1);
    std::vector<C> seeds, entropy_seeds, sums;
    budget allowed{.places = precision_of<L>().digits < 24 ? 1.0 : 0, .per = b.pitch, .zeros = !accumulate};
    double const spread = std::fmax(1, std::log(static_cast<double>(shape.vocabulary)));
    double const units = reference_units<C>(shape.vocabulary) +
                         (normalised ? 64 + 32 * b.largest : 32); // |log_sum_exp| u, relative, where it is given
    for (index_t r = 0; r < shape.rows; ++r) {
      double const seed_of = random.bits() % 6 == 0 ? 0 : random.normal(), of_entropy = 0.1 * random.normal();
      seeds.push_back(static_cast<C>(seed_of)), entropy_seeds.push_back(static_cast<C>(of_entropy));
      allowed.each.push_back(units * roundoff<C> *
                             (std::fabs(seed_of) + (entropy ? std::fabs(of_entropy) * (spread + b.largest) : 0)));
      double sum = 0;
      for (index_t v = 0; v < shape.vocabulary; ++v) sum += std::exp(b.logit(r, v));
      sums.push_back(static_cast<C>(std::log(sum)));
    }
    std::vector<L> const before(b.logits.size(), stored<L>(0.25));
    auto const gradient = in_place     ? on.output_over("d_logits", b.logits, allowed)
                          : accumulate ? on.output_over("d_logits", before, allowed)
                                       : on.template output<L>("d_logits", shape.rows * b.pitch, allowed);
    auto const logits = in_place ? cohort::view<L const, 1, typename Stage::space>(gradient) : on.input(b.logits);
    auto const token = on.input(b.token);
    auto const mask = on.input(b.mask);
    auto const classes = on.input(by_classes ? classes_of(b, seed + 2) : std::vector<std::uint32_t>{});
    auto const of_log_prob = on.input(seeds), of_entropy = on.input(entropy_seeds), log_sum_exp = on.input(sums);
    auto* const report = on.template report<cohort::row_sums>("report", {});
    on.run([&](auto& context) {
      cohort::token_log_prob_backward_inputs<L, typename Stage::space> in{
          .logits = as_matrix(logits, shape.rows, shape.vocabulary, b.pitch),
          .token = token,
          .d_log_prob = of_log_prob,
          .mask = mask};
      if (normalised) in.log_sum_exp = log_sum_exp;
      if (entropy) in.d_entropy = of_entropy;
      if (by_classes) in.vocabulary_mask = as_matrix(classes, shape.rows, (shape.vocabulary + 31) / 32);
      cohort::token_log_prob_backward<L>(
          context, in, {.d_logits = as_matrix(gradient, shape.rows, shape.vocabulary, b.pitch), .report = report},
          {.accumulate = accumulate});
    });
  }
};

/// Widths of vocabularies, and how many rows are enough.
inline std::vector<row_shape> row_shapes() {
  return {{67, 1},   {67, 7, 3, 0.2},    {67, 33, 0, 0.2},    {41, 255, 1, 0.2}, {41, 1000, 24, 0.2},
          {9, 4096}, {9, 32000, 0, 0.2}, {7, 50257, 7, 0.15}, {5, 128256},       {5, 151936, 0, 0.2}};
}

template <class L, class F>
void each_row_story(F f) {
  for (row_shape const& shape : row_shapes()) {
    std::string const of = name_of<L>() + ", " + std::to_string(shape.rows) + " x " + std::to_string(shape.vocabulary);
    f("token_log_prob" + of, log_prob_story<L>{shape});
    f("token_log_prob_backward" + of, log_prob_backward_story<L>{shape});
  }
  row_shape const bad{60, 1000, 0, 0.1, true}, dropped{40, 1000, 8, 0.1, true, true};
  f("token_log_prob" + name_of<L>() + ", bad rows", log_prob_story<L>{bad});
  f("token_log_prob" + name_of<L>() + ", logits of -inf", log_prob_story<L>{dropped});
  f("token_log_prob" + name_of<L>() + ", classes left out", log_prob_story<L>{bad, true});
  f("token_log_prob" + name_of<L>() + ", temperature", log_prob_story<L>{bad, false, 0.7});
  std::string const backward = "token_log_prob_backward" + name_of<L>();
  f(backward + ", bad rows", log_prob_backward_story<L>{bad});
  f(backward + ", log_sum_exp", log_prob_backward_story<L>{dropped, true});
  f(backward + ", entropy", log_prob_backward_story<L>{bad, false, true});
  f(backward + ", in place", log_prob_backward_story<L>{dropped, false, true, true});
  f(backward + ", accumulated", log_prob_backward_story<L>{bad, false, false, false, true});
  f(backward + ", classes left out", log_prob_backward_story<L>{bad, false, true, false, false, true});
}

} // namespace stories
