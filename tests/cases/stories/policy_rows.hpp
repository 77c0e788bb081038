// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Stories of logits_policy_gradient.
#pragma once

#include <string>
#include <vector>

#include <cases/stories/rows.hpp>
#include <cases/stories/tokens.hpp>

namespace stories {

struct policy_row_case {
  row_shape shape; ///< rows = sequences * longest; those of a packed layout are cut into as many sequences
  index_t sequences = 1;
  bool packed = false;
  cohort::ratio_level level = cohort::ratio_level::token;
  double entropy = 0, distribution_kl = 0, temperature = 1;
  bool in_place = false, per_sequence = true, classes = false, all_scored = false;
  cohort::zero_rows zero_rows = cohort::zero_rows::write;
  std::uint64_t seed = 81;
};

/// What such a call reads besides its logits, and what its numbers may differ by.
template <class L>
struct policy_row_batch {
  using C = cohort::compute_t<L>;
  row_batch<L> rows, reference;
  std::vector<std::int64_t> offsets{0};
  std::vector<C> old_log_prob, ref_log_prob, advantage;
  std::vector<double> of_row, of_token; ///< budgets of a row of d_logits and of d_log_prob
  double terms = 0;                     ///< sum of the magnitudes of the loss's terms

  policy_row_batch(policy_row_case const& c, bool entropy_asked)
      : rows(c.shape, c.seed), reference(c.shape, c.seed + 1) {
    cases::random random(c.seed + 2);
    index_t const n = c.shape.rows, each = n / c.sequences;
    double const weight = 1.0 / 64, wide = 1 / c.temperature;
    double const spread = std::fmax(1, std::log(static_cast<double>(c.shape.vocabulary)));
    double const of_product = c.level == cohort::ratio_level::sequence_product ? static_cast<double>(each) : 1;
    for (index_t r = 0; r < c.sequences; ++r) {
      offsets.push_back(c.packed && r % 3 == 1 ? offsets.back() : (r + 1 == c.sequences ? n : (r + 1) * each));
      advantage.push_back(static_cast<C>(random.bits() % 4 == 0 ? 0 : random.normal()));
    }
    if (!c.per_sequence) {
      advantage.clear();
      for (index_t t = 0; t < n; ++t) advantage.push_back(static_cast<C>(random.bits() % 4 == 0 ? 0 : random.normal()));
    }
    for (index_t t = 0; t < n; ++t) {
      auto const i = static_cast<std::size_t>(t);
      double const score = rows.log_prob[i], noise = 0.2 * random.normal(), away = 0.4 * random.normal();
      bool const valid = rows.mask[i] != 0;
      old_log_prob.push_back(static_cast<C>(valid ? score + noise : cohort::not_a_number));
      ref_log_prob.push_back(static_cast<C>(valid ? score + away : cohort::not_a_number));
      double const seed =
          weight * of_product * (6 * std::exp(std::fabs(noise)) + 0.04 * (std::exp(std::fabs(away)) + 1));
      double const rest = weight * (std::fabs(c.entropy) + std::fabs(c.distribution_kl)) * (spread + 2 * rows.largest);
      // The ratio's error: 8 u max(1, |log_prob|) of the score, and (4 + |d|) u; a product's adds up.
      double const units =
          (16 + 8 * std::fmax(1, rows.largest * wide)) * of_product + reference_units<C>(c.shape.vocabulary);
      of_token.push_back(2 * units * roundoff<C> * seed);
      of_row.push_back(2 * (units + 16) * roundoff<C> * wide * (seed + rest));
      terms += seed + rest;
    }
    (void)entropy_asked;
  }
};

template <class L, class Objective>
struct policy_row_story {
  Objective f;
  policy_row_case what;
  drawn_once<policy_row_batch<L>> drawn{};

  template <class Stage>
  void operator()(Stage& on) const {
    using C = cohort::compute_t<L>;
    using space = typename Stage::space;
    policy_row_batch<L> const& b = drawn(what, true);
    index_t const n = what.shape.rows, columns = b.rows.pitch;
    double const spread = std::fmax(1, std::log(static_cast<double>(what.shape.vocabulary)));
    budget const of_gradient{.places = precision_of<L>().digits < 24 ? 1.0 : 0, .each = b.of_row, .per = columns};
    auto const gradient = what.in_place ? on.output_over("d_logits", b.rows.logits, of_gradient)
                                        : on.template output<L>("d_logits", n * columns, of_gradient);
    auto const logits = what.in_place ? cohort::view<L const, 1, space>(gradient) : on.input(b.rows.logits);
    auto const reference = on.input(b.reference.logits);
    auto const token = on.input(b.rows.token), offsets = on.input(b.offsets);
    auto const old = on.input(b.old_log_prob), ref = on.input(b.ref_log_prob), advantage = on.input(b.advantage);
    auto const mask = on.input(b.rows.mask);
    auto const classes = on.input(what.classes ? classes_of(b.rows, what.seed + 3) : std::vector<std::uint32_t>{});
    double const order = reference_units<C>(what.shape.vocabulary), reach = (24 + b.rows.largest) / what.temperature;
    budget const of_score{.absolute = (16 + order) * roundoff<C> * reach, .zeros = false};
    auto const log_prob = on.template output<C>("log_prob", n, of_score);
    auto const log_sum_exp = on.template output<C>("log_sum_exp", n, of_score);
    auto const entropy =
        on.template output<C>("entropy", n, {.absolute = (32 + order) * roundoff<C> * spread * 2, .zeros = false});
    auto const seed = on.template output<C>("d_log_prob", n, {.each = b.of_token});
    auto const live = on.template output<std::int64_t>("live_rows", n, {});
    double const units = 32 + 16 * b.rows.largest + order, count = static_cast<double>(n);
    auto* const report =
        on.template report<cohort::logits_sums>("report", {roundoff<C>, count * (spread + 4), b.terms, units});
    cohort::advantage_view<C, space> given = cohort::per_sequence(advantage);
    if (!what.per_sequence) given = cohort::per_token(advantage);
    on.run([&](auto& context) {
      cohort::token_layout<space> layout = cohort::padded{what.sequences, n / what.sequences};
      if (what.packed) layout = cohort::packed(offsets);
      cohort::logits_policy_gradient_inputs<L, space> in{.layout = layout,
                                                         .logits = as_matrix(logits, n, columns),
                                                         .token = token,
                                                         .old_log_prob = old,
                                                         .ref_log_prob = ref,
                                                         .advantage = given,
                                                         .mask = mask};
      if (what.distribution_kl != 0) in.ref_logits = as_matrix(reference, n, columns);
      if (what.classes) in.vocabulary_mask = as_matrix(classes, n, (what.shape.vocabulary + 31) / 32);
      cohort::logits_policy_gradient<L>(
          context, in,
          {.d_logits = as_matrix(gradient, n, columns),
           .log_prob = log_prob,
           .log_sum_exp = log_sum_exp,
           .entropy = entropy,
           .d_log_prob = seed,
           .live_rows = live,
           .report = report},
          f,
          {.normalizer = cohort::by_constant(64),
           .ratio = what.level,
           .log_ratio = {.low = -2, .high = 2},
           .temperature = what.temperature,
           .entropy = {.coefficient = what.entropy},
           .distribution_kl = what.distribution_kl,
           .vocabulary = what.shape.vocabulary,
           .zero_rows = what.zero_rows,
           .score = what.all_scored ? cohort::score_rows::all : cohort::score_rows::live});
    });
  }
};
template <class L, class Objective>
policy_row_story<L, Objective> rows_of(Objective f, policy_row_case what) {
  return {f, what};
}

/// In L, by ppo_clip alone, so that rows without an advantage are not read.
template <class L, class F>
void each_policy_row_story(F f) {
  auto const ppo = cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28});
  std::string const name = "logits_policy_gradient" + name_of<L>();
  auto const with = [&](std::string const& which, policy_row_case const& c) { f(name + which, rows_of<L>(ppo, c)); };
  for (row_shape shape : row_shapes()) {
    shape.rows += shape.rows % 2;
    std::string const of = ", " + std::to_string(shape.rows) + " x " + std::to_string(shape.vocabulary);
    with(of, {.shape = shape, .sequences = 2, .per_sequence = false});
    with(of + ", in place, entropy",
         {.shape = shape, .sequences = shape.rows / 2, .entropy = 0.01, .in_place = true, .all_scored = true});
  }
  row_shape const plain{40, 1000, 24, 0.2}, bad{60, 1000, 0, 0.1, true}, dropped{40, 1000, 8, 0.1, true, true};
  using level = cohort::ratio_level;
  for (level const of : {level::sequence, level::sequence_token, level::sequence_product})
    with(", level " + std::to_string(static_cast<int>(of)), {.shape = plain, .sequences = 8, .level = of});
  with(", packed, sequence",
       {.shape = plain, .sequences = 9, .packed = true, .level = level::sequence, .in_place = true});
  with(", bad rows", {.shape = bad, .sequences = 12, .in_place = true});
  with(", logits of -inf", {.shape = dropped, .sequences = 8, .entropy = 0.02});
  with(", classes left out", {.shape = bad, .sequences = 5, .classes = true});
  with(", temperature", {.shape = plain, .sequences = 5, .temperature = 0.7, .all_scored = true});
}
/// What takes more code: a penalty, and the KL over whole distributions. In float and bfloat16.
template <class L, class F>
void each_penalised_row_story(F f) {
  auto const ppo_k3 = cohort::objective(cohort::ppo_clip{}, cohort::k3{.beta = 0.04});
  std::string const name = "logits_policy_gradient" + name_of<L>() + ", k3";
  row_shape const plain{40, 1000, 24, 0.2}, wide{6, 151936, 0, 0.2};
  f(name, rows_of<L>(ppo_k3, {.shape = plain, .sequences = 8}));
  f(name + ", sequence", rows_of<L>(ppo_k3, {.shape = plain, .sequences = 8, .level = cohort::ratio_level::sequence}));
  f(name + ", distribution KL",
    rows_of<L>(ppo_k3, {.shape = plain, .sequences = 8, .entropy = 0.01, .distribution_kl = 0.1}));
  f(name + ", wide, distribution KL", rows_of<L>(ppo_k3, {.shape = wide, .sequences = 2, .distribution_kl = 0.1}));
}

} // namespace stories
