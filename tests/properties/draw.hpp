// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Drawing a call of policy_loss: batch, normaliser, level, bounds, correction.
#pragma once

#include <properties/objectives.hpp>
#include <properties/property.hpp>

namespace properties {

/// A batch, the same in every value type.
struct drawn_batch {
  std::uint64_t seed;
  cases::batch_shape shape;
  bool corrected;

  template <class T>
  [[nodiscard]] cases::token_batch<T> in() const {
    auto b = cases::random_batch<T>(seed, shape);
    return corrected ? cases::corrected(b, seed + 1) : b;
  }
};

inline drawn_batch draw_batch(int rows, int longest) {
  return {any_seed(),
          {.rows = between(1, rows),
           .longest = between(1, longest),
           .hole = one_of({0.0, 0.2, 0.8}),
           .empty = one_of({0.0, 0.1, 0.5}),
           .per_sequence = one_of({true, false})},
          one_of({true, false})};
}

template <class By>
cohort::normalizer draw_count(bool given) {
  By const by = given ? By(between(1, 1000)) : [] {
    if constexpr (std::default_initializable<By>)
      return By();
    else
      return By(7);
  }();
  return by.times(one_of({1.0, 4.0, 0.3}));
}

/// With a count that is `given`, or the call's own now and then.
inline cohort::normalizer draw_normalizer(bool given) {
  bool const number = given || one_of({true, false});
  switch (one_of({0, 1, 2, 3})) {
  case 0:
    return draw_count<cohort::by_tokens>(number);
  case 1:
    return draw_count<cohort::by_sequences>(number);
  case 2:
    return draw_count<cohort::by_sequence_means>(number);
  default:
    return draw_count<cohort::by_constant>(number);
  }
}

inline cohort::policy_loss_options draw_options(bool count_given) {
  using enum cohort::ratio_level;
  using bounds = cohort::log_ratio_bounds;
  return {draw_normalizer(count_given), one_of({token, sequence, sequence_token, sequence_product}),
          one_of({bounds{}, bounds{-0.2, 0.2}, bounds{.high = 0.1}})};
}

/// f(context, batch, objective) for everything in the list.
template <class F>
void for_every_objective(drawn_batch const& drawn, F const& f) {
  on_everything([&]<class T>(engines::any_context& context, T) {
    auto const b = drawn.in<T>();
    for (auto const& o : objectives()) {
      RC_LOG() << o.name << '\n';
      f(context, b, o);
    }
  });
}

template <class T>
bool same(cases::loss_outcome<T> const& a, cases::loss_outcome<T> const& b) {
  return support::same_bits(a.seed, b.seed) && support::same_bits(a.sums, b.sums) && a.padding_is_zero &&
         b.padding_is_zero;
}

} // namespace properties
