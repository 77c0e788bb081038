// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Policy losses: batches of tokens, every way to lay them in memory, and running them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <cohort/formula/k1.hpp>
#include <cohort/formula/k2.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/interop/span.hpp>
#include <cohort/objective/policy_loss.hpp>

#include <cases/random.hpp>
#include <cases/tensors.hpp>

namespace cases {

using cohort::index_t;

/// Sequences one after the other, each with its length, its holes and one advantage per token.
template <class T>
struct token_batch {
  std::vector<int> length;
  std::vector<T> log_prob, old_log_prob, ref_log_prob, advantage;
  std::vector<std::uint8_t> mask;
  std::vector<T> correction{}; ///< none where empty

  [[nodiscard]] std::size_t rows() const { return length.size(); }
  [[nodiscard]] std::size_t tokens() const { return log_prob.size(); }
  [[nodiscard]] int longest() const { return length.empty() ? 0 : *std::max_element(length.begin(), length.end()); }
  [[nodiscard]] std::vector<std::int64_t> offsets() const {
    std::vector<std::int64_t> x{0};
    for (int const n : length) x.push_back(x.back() + n);
    return x;
  }
  /// The first token's advantage of each sequence.
  [[nodiscard]] std::vector<T> sequence_advantage() const {
    std::vector<T> x;
    auto const first = offsets();
    for (std::size_t r = 0; r < rows(); ++r)
      x.push_back(length[r] > 0 ? advantage[static_cast<std::size_t>(first[r])] : T(0));
    return x;
  }
};

struct batch_shape {
  int rows, longest;
  double hole = 0.2, empty = 0.1;
  bool per_sequence = false; ///< one advantage for all tokens of a sequence
};

template <class T>
token_batch<T> random_batch(std::uint64_t seed, batch_shape const& shape) {
  random source(seed);
  token_batch<T> b;
  for (int r = 0; r < shape.rows; ++r) {
    b.length.push_back(chance(source, shape.empty) ? 0 : static_cast<int>(source.integer(1, shape.longest)));
    bool const masked = chance(source, shape.empty);
    double const shared = source.normal();
    for (int t = 0; t < b.length.back(); ++t) {
      double const now = -2 * source.uniform() - 0.01;
      b.log_prob.push_back(static_cast<T>(now));
      b.old_log_prob.push_back(static_cast<T>(now + 0.3 * source.normal()));
      b.ref_log_prob.push_back(static_cast<T>(now + 0.5 * source.normal()));
      double const own = source.normal();
      b.advantage.push_back(static_cast<T>(shape.per_sequence ? shared : own));
      b.mask.push_back(!masked && !chance(source, shape.hole));
    }
  }
  return b;
}

/// The same batch with random corrections, some of them 0.
template <class T>
token_batch<T> corrected(token_batch<T> b, std::uint64_t seed) {
  random source(seed);
  for (std::size_t i = 0; i < b.tokens(); ++i)
    b.correction.push_back(chance(source, 0.1) ? T(0) : static_cast<T>(2 * source.uniform()));
  return b;
}

/// An optional token argument: absent where there is no data.
template <class T>
cohort::optional_token_view<T const, cohort::host_space> optional_tokens(auto const& x, bool given) {
  if (!given) return {};
  return x;
}

template <class T>
struct loss_outcome {
  std::vector<T> seed; ///< packed
  cohort::loss_sums sums;
  bool padding_is_zero = true;
};

/// Packed, with a per-token advantage.
template <class T, class Context, class Objective>
loss_outcome<T> run_packed(Context& context, token_batch<T> const& b, Objective const& f,
                           cohort::policy_loss_options const& options) {
  loss_outcome<T> out{std::vector<T>(b.tokens(), T(77)), {}};
  auto const offsets = b.offsets();
  cohort::policy_loss<T>(context,
                         {.layout = cohort::packed(offsets),
                          .log_prob = b.log_prob,
                          .old_log_prob = b.old_log_prob,
                          .ref_log_prob = b.ref_log_prob,
                          .advantage = cohort::per_token(b.advantage),
                          .mask = b.mask,
                          .correction = optional_tokens<T>(b.correction, !b.correction.empty())},
                         {.d_log_prob = out.seed, .report = &out.sums}, f, options);
  return out;
}

/// A rectangle in memory: strides, and what stands in cells that belong to no token.
struct rectangle {
  index_t columns;
  bool column_major = false;
  index_t gap = 0; ///< extra elements between rows (or columns), and between elements
  double poison = NAN;
};

/// Every cell of a rectangle, over its storage.
class rectangle_cells {
public:
  rectangle_cells(index_t rows, rectangle const& shape)
      : rows_(rows), columns_(shape.columns),
        row_stride_((shape.column_major ? 1 : shape.columns) * (1 + shape.gap) + (shape.column_major ? 0 : shape.gap)),
        column_stride_((shape.column_major ? rows : 1) * (1 + shape.gap) + (shape.column_major ? shape.gap : 0)) {}

  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(rows_ * row_stride_ + columns_ * column_stride_ + 1);
  }
  [[nodiscard]] std::size_t at(index_t r, index_t c) const {
    return static_cast<std::size_t>(r * row_stride_ + c * column_stride_);
  }
  template <class X>
  [[nodiscard]] auto over(std::vector<X>& x) const {
    return loose_matrix(x.data(), rows_, columns_, row_stride_, column_stride_);
  }

  template <class T, class X>
  [[nodiscard]] std::vector<X> spread(token_batch<T> const& b, std::vector<X> const& packed, X outside) const {
    std::vector<X> x(size(), outside);
    std::size_t i = 0;
    for (std::size_t r = 0; r < b.rows(); ++r)
      for (int c = 0; c < b.length[r]; ++c) x[at(static_cast<index_t>(r), c)] = packed[i++];
    return x;
  }

  /// The same with `poison` in every cell that is not a valid token.
  template <class T>
  [[nodiscard]] std::vector<T> poisoned(token_batch<T> const& b, std::vector<T> packed, double poison) const {
    for (std::size_t i = 0; i < packed.size(); ++i)
      if (!b.mask[i]) packed[i] = static_cast<T>(poison);
    return spread(b, packed, static_cast<T>(poison));
  }
  /// The tokens of a rectangle, packed, and whether every other cell is 0.
  template <class T>
  bool collect(token_batch<T> const& b, std::vector<T> const& x, std::vector<T>& packed) const {
    bool padding_is_zero = true;
    for (std::size_t r = 0; r < b.rows(); ++r)
      for (index_t c = 0; c < columns_; ++c) {
        T const cell = x[at(static_cast<index_t>(r), c)];
        if (c < b.length[r])
          packed.push_back(cell);
        else
          padding_is_zero = padding_is_zero && support::same_bits(cell, T(0));
      }
    return padding_is_zero;
  }

private:
  index_t rows_, columns_, row_stride_, column_stride_;
};

/// As a rectangle, with `poison` in every cell that is not a valid token, of every input.
template <class T, class Context, class Objective>
loss_outcome<T> run_padded(Context& context, token_batch<T> const& b, rectangle const& shape, Objective const& f,
                           cohort::policy_loss_options const& options) {
  auto const rows = static_cast<index_t>(b.rows());
  rectangle_cells const cells(rows, shape);
  auto const spread = [&](std::vector<T> const& x) { return cells.poisoned(b, x, shape.poison); };
  auto log_prob = spread(b.log_prob), old = spread(b.old_log_prob), ref = spread(b.ref_log_prob),
       advantage = spread(b.advantage), correction = spread(b.correction.empty() ? b.advantage : b.correction);
  auto mask = cells.spread(b, b.mask, std::uint8_t{0});
  std::vector<T> seed(cells.size(), T(77));
  auto const advantages = cells.over(advantage);
  loss_outcome<T> out;
  cohort::policy_loss<T>(context,
                         {.layout = cohort::padded{rows, shape.columns},
                          .log_prob = cells.over(log_prob),
                          .old_log_prob = cells.over(old),
                          .ref_log_prob = cells.over(ref),
                          .advantage = cohort::per_token(advantages),
                          .mask = cells.over(mask),
                          .correction = optional_tokens<T>(cells.over(correction), !b.correction.empty())},
                         {.d_log_prob = cells.over(seed), .report = &out.sums}, f, options);
  out.padding_is_zero = cells.collect(b, seed, out.seed);
  return out;
}

/// f(objective) for PPO's surrogate with no penalty and with each estimator.
template <class F>
void for_each_objective(cohort::ppo_clip const& clip, double beta, F const& f) {
  f(cohort::objective(clip));
  f(cohort::objective(clip, cohort::k1{beta}));
  f(cohort::objective(clip, cohort::k2{beta}));
  f(cohort::objective(clip, cohort::k3{beta}));
}

} // namespace cases
