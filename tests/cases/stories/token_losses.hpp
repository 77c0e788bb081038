// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Stories of importance_ratio, value_loss and kl_penalty.
#pragma once

#include <cases/stories/losses.hpp>

namespace stories {

template <class T>
struct importance_ratio_story {
  token_shape shape;
  cohort::ratio_level level = cohort::ratio_level::token;
  cohort::log_ratio_bounds bounds{};
  bool bad = false;

  template <class Stage>
  void operator()(Stage& on) const {
    loss_batch const b(shape, 21, bad);
    laid_out const lay(on, b.cells);
    auto const log_prob = on.input(cases::in<T>(b.log_prob)), old = on.input(cases::in<T>(b.old_log_prob));
    auto const mask = on.input(b.cells.mask());
    budget const allowed{.relative = 2 * ratio_units(level, b.cells.longest()) * roundoff<T>};
    auto const ratio = on.template output<T>("ratio", b.cells.cells(), allowed);
    auto const sequence_ratio = on.template output<T>("sequence_ratio", b.cells.rows(), allowed);
    double const count = static_cast<double>(b.cells.count());
    double const units = 16 + 2 * ratio_units(level, b.cells.longest());
    auto* const report = on.template report<cohort::ratio_sums>("report", {roundoff<T>, 2 * count, 1, units});
    bool const by_token = level == cohort::ratio_level::token;
    on.run([&](auto& context) {
      cohort::importance_ratio_outputs<T, typename Stage::space> out{.ratio = lay(ratio), .report = report};
      if (!by_token) out.sequence_ratio = sequence_ratio;
      cohort::importance_ratio<T>(context,
                                  {.layout = lay.layout(),
                                   .log_prob = lay(log_prob),
                                   .old_log_prob = lay(old),
                                   .mask = lay.template mask<T>(mask)},
                                  out, {.ratio = level, .log_ratio = bounds});
    });
  }
};

template <class T>
struct value_loss_story {
  token_shape shape;
  cohort::squared_error f{};
  counted_by by = counted_by::own_tokens;
  bool bad = false;

  template <class Stage>
  void operator()(Stage& on) const {
    loss_batch const b(shape, 41, bad);
    laid_out const lay(on, b.cells);
    auto const value = on.input(cases::in<T>(b.log_prob)), old = on.input(cases::in<T>(b.old_log_prob));
    auto const returns = on.input(cases::in<T>(b.ref_log_prob));
    auto const mask = on.input(b.cells.mask());
    double const count = static_cast<double>(b.cells.count());
    double weight = 0; // the largest
    for (double const x : weights_of(by, b.cells)) weight = std::fmax(weight, x);
    auto const seed = on.template output<T>("d_value", b.cells.cells(), {.absolute = 16 * roundoff<T> * weight * 6});
    auto* const report =
        on.template report<cohort::value_sums>("report", {roundoff<T>, 36 * count, 36 * weight * count});
    cohort::normalizer const normalizer = normalizer_of(by, on);
    on.run([&](auto& context) {
      cohort::value_loss<T>(context,
                            {.layout = lay.layout(),
                             .value = lay(value),
                             .old_value = lay(old),
                             .returns = lay(returns),
                             .mask = lay.template mask<T>(mask)},
                            {.d_value = lay(seed), .report = report}, f, {.normalizer = normalizer});
    });
  }
};

template <class T, class Kl>
struct kl_penalty_story {
  token_shape shape;
  Kl kl;
  bool bad = false;

  template <class Stage>
  void operator()(Stage& on) const {
    loss_batch const b(shape, 51, bad);
    laid_out const lay(on, b.cells);
    auto const log_prob = on.input(cases::in<T>(b.log_prob)), ref = on.input(cases::in<T>(b.ref_log_prob));
    auto const given = on.input(cases::in<T>(b.advantage));
    auto const mask = on.input(b.cells.mask());
    budget const allowed{.absolute = 32 * roundoff<T>, .places = 1};
    auto const reward = on.template output<T>("reward", b.cells.cells(), allowed);
    double const count = static_cast<double>(b.cells.count());
    auto* const report = on.template report<cohort::penalty_sums>("report", {roundoff<T>, 2 * count, 0});
    on.run([&](auto& context) {
      cohort::kl_penalty<T>(context,
                            {.layout = lay.layout(),
                             .log_prob = lay(log_prob),
                             .ref_log_prob = lay(ref),
                             .reward = lay(given),
                             .mask = lay.template mask<T>(mask)},
                            {.reward = lay(reward), .report = report}, kl);
    });
  }
};

/// Everything else that is pointwise over tokens.
template <class F>
void each_token_story(F f) {
  token_shape const packed = packed_tokens(), padded = padded_tokens();
  std::string const levels[] = {"token", "sequence", "sequence_token", "sequence_product"};
  for (int i = 0; i < 4; ++i) {
    auto const level = static_cast<cohort::ratio_level>(i);
    f("importance_ratio<float>, packed, " + levels[i], importance_ratio_story<float>{packed, level, {-9, 9}});
    f("importance_ratio<float>, padded, " + levels[i], importance_ratio_story<float>{padded, level, {-2, 2}, true});
  }
  f("importance_ratio<double>", importance_ratio_story<double>{packed});
  f("value_loss<float>, packed", value_loss_story<float>{packed});
  f("value_loss<float>, clipped", value_loss_story<float>{padded, {.clip = 0.2}, counted_by::sequence_means});
  f("value_loss<float>, bad values", value_loss_story<float>{padded, {.clip = 0.2}, counted_by::own_tokens, true});
  f("value_loss<double>", value_loss_story<double>{packed, {.clip = 0.5}});
  f("kl_penalty<float>, k1", kl_penalty_story<float, cohort::k1>{packed, {.beta = 0.1}});
  f("kl_penalty<float>, k3, bad values", kl_penalty_story<float, cohort::k3>{padded, {.beta = 0.1}, true});
  f("kl_penalty<double>, k1", kl_penalty_story<double, cohort::k1>{padded, {.beta = 0.1}});
}

} // namespace stories
