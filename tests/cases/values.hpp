// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Value losses over the batches of losses.hpp, read as a critic's: log_prob is the value, old_log_prob the old one,
/// ref_log_prob the return.
#pragma once

#include <cohort/objective/value_loss.hpp>

#include <cases/losses.hpp>

namespace cases {

template <class T>
struct value_outcome {
  std::vector<T> gradient; ///< packed
  cohort::value_sums sums;
  bool padding_is_zero = true;
};

template <class T, class Context>
value_outcome<T> run_values(Context& context, token_batch<T> const& b, cohort::squared_error const& f,
                            cohort::value_loss_options const& options) {
  value_outcome<T> out{std::vector<T>(b.tokens(), T(77)), {}};
  auto const offsets = b.offsets();
  cohort::value_loss<T>(context,
                        {.layout = cohort::packed(offsets),
                         .value = b.log_prob,
                         .old_value = b.old_log_prob,
                         .returns = b.ref_log_prob,
                         .mask = b.mask},
                        {.d_value = out.gradient, .report = &out.sums}, f, options);
  return out;
}

/// As a rectangle, with `poison` in every cell that is not a valid token, of every input.
template <class T, class Context>
value_outcome<T> run_padded_values(Context& context, token_batch<T> const& b, rectangle const& shape,
                                   cohort::squared_error const& f, cohort::value_loss_options const& options) {
  auto const rows = static_cast<index_t>(b.rows());
  rectangle_cells const cells(rows, shape);
  auto const spread = [&](std::vector<T> const& x) { return cells.poisoned(b, x, shape.poison); };
  auto value = spread(b.log_prob), old = spread(b.old_log_prob), returns = spread(b.ref_log_prob);
  auto mask = cells.spread(b, b.mask, std::uint8_t{0});
  std::vector<T> gradient(cells.size(), T(77));
  value_outcome<T> out;
  cohort::value_loss<T>(context,
                        {.layout = cohort::padded{rows, shape.columns},
                         .value = cells.over(value),
                         .old_value = cells.over(old),
                         .returns = cells.over(returns),
                         .mask = cells.over(mask)},
                        {.d_value = cells.over(gradient), .report = &out.sums}, f, options);
  out.padding_is_zero = cells.collect(b, gradient, out.gradient);
  return out;
}

} // namespace cases
