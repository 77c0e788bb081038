// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rewards and values per token: batches with holes and episode ends, their layouts, and the definition in long double.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <cohort/advantage/return_to_go.hpp>
#include <cohort/interop/span.hpp>

#include <cases/random.hpp>
#include <cases/tensors.hpp>

namespace cases {

using cohort::index_t;

/// Sequences one after the other.
template <class T>
struct reward_batch {
  std::vector<int> length;
  std::vector<T> reward, value;
  std::vector<std::uint8_t> mask, done;
  std::vector<T> bootstrap;

  [[nodiscard]] std::size_t rows() const { return length.size(); }
  [[nodiscard]] std::size_t tokens() const { return reward.size(); }
  [[nodiscard]] std::vector<std::int64_t> offsets() const {
    std::vector<std::int64_t> x{0};
    for (int const n : length) x.push_back(x.back() + n);
    return x;
  }
};

template <class T>
reward_batch<T> random_rewards(std::uint64_t seed, int rows, int longest, double hole = 0.2) {
  random source(seed);
  reward_batch<T> b;
  for (int r = 0; r < rows; ++r) {
    b.length.push_back(chance(source, 0.1) ? 0 : static_cast<int>(source.integer(1, longest)));
    b.bootstrap.push_back(static_cast<T>(source.normal()));
    bool const masked = chance(source, 0.1);
    for (int t = 0; t < b.length.back(); ++t) {
      b.reward.push_back(static_cast<T>(source.normal()));
      b.value.push_back(static_cast<T>(source.normal()));
      b.mask.push_back(!masked && !chance(source, hole));
      b.done.push_back(chance(source, 0.05));
    }
  }
  return b;
}

/// What gae says of a batch, packed. return_to_go is `returns` of a batch whose values are 0, with lambda = 1.
template <class X>
struct recursion {
  std::vector<X> advantage, returns;
  cohort::token_counts counts;
  bool padding_is_zero = true;
};

/// The definition, token by token; `largest` is the largest |reward| + |value| + |next value|.
template <class T>
recursion<long double> recursion_oracle(reward_batch<T> const& b, double gamma, double lambda, long double& largest) {
  auto const first = b.offsets();
  recursion<long double> out{std::vector<long double>(b.tokens(), 0), std::vector<long double>(b.tokens(), 0), {}};
  largest = 0;
  for (std::size_t r = 0; r < b.rows(); ++r) {
    long double next_value = static_cast<long double>(b.bootstrap[r]), next_advantage = 0;
    for (auto i = static_cast<std::size_t>(first[r + 1]); i-- > static_cast<std::size_t>(first[r]);) {
      if (!b.mask[i]) continue;
      auto const reward = static_cast<long double>(b.reward[i]), value = static_cast<long double>(b.value[i]);
      if (b.done[i]) next_value = next_advantage = 0;
      largest = std::fmax(largest, std::fabs(reward) + std::fabs(value) + std::fabs(next_value));
      next_advantage = reward + static_cast<long double>(gamma) * next_value - value +
                       static_cast<long double>(gamma) * static_cast<long double>(lambda) * next_advantage;
      next_value = value;
      out.advantage[i] = next_advantage, out.returns[i] = next_advantage + value;
    }
  }
  return out;
}

template <class T, class Context>
recursion<T> run_gae(Context& context, reward_batch<T> const& b, cohort::gae_options const& options) {
  recursion<T> out{std::vector<T>(b.tokens(), T(77)), std::vector<T>(b.tokens(), T(77)), {}};
  auto const offsets = b.offsets();
  cohort::gae<T>(context,
                 {.layout = cohort::packed(offsets),
                  .reward = b.reward,
                  .value = b.value,
                  .mask = b.mask,
                  .done = b.done,
                  .bootstrap = b.bootstrap},
                 {.advantage = out.advantage, .returns = out.returns, .report = &out.counts}, options);
  return out;
}

/// Cells of a rectangle with any strides; `poison` stands in every cell of an input that is not a valid token.
template <class T>
struct reward_rectangle {
  reward_batch<T> const& batch;
  index_t columns, row_stride, column_stride;
  T poison;

  [[nodiscard]] index_t rows() const { return static_cast<index_t>(batch.rows()); }
  [[nodiscard]] std::size_t at(std::size_t r, index_t c) const {
    return static_cast<std::size_t>(static_cast<index_t>(r) * row_stride + c * column_stride);
  }
  [[nodiscard]] std::size_t size() const { return at(batch.rows(), columns); }
  template <class X>
  [[nodiscard]] std::vector<X> spread(std::vector<X> const& packed, X outside, bool masked = true) const {
    std::vector<X> x(size(), outside);
    std::size_t i = 0;
    for (std::size_t r = 0; r < batch.rows(); ++r)
      for (int c = 0; c < batch.length[r]; ++c, ++i)
        if (batch.mask[i] || !masked) x[at(r, c)] = packed[i];
    return x;
  }
  [[nodiscard]] std::vector<T> gathered(std::vector<T> const& x, bool& padding_is_zero) const {
    std::vector<T> packed;
    for (std::size_t r = 0; r < batch.rows(); ++r)
      for (index_t c = 0; c < columns; ++c)
        if (c < batch.length[r])
          packed.push_back(x[at(r, c)]);
        else
          padding_is_zero = padding_is_zero && support::same_bits(x[at(r, c)], T(0));
    return packed;
  }
  template <class X>
  [[nodiscard]] auto over(std::vector<X>& x) const {
    return loose_matrix(x.data(), rows(), columns, row_stride, column_stride);
  }
};

template <class T>
reward_rectangle<T> rectangle_of(reward_batch<T> const& b, index_t columns, bool column_major, T poison) {
  auto const rows = static_cast<index_t>(b.rows());
  return {b, columns, column_major ? 1 : columns, column_major ? rows + 1 : 1, poison};
}

template <class T, class Context>
recursion<T> run_gae(Context& context, reward_rectangle<T> const& shape, cohort::gae_options const& options) {
  auto const& b = shape.batch;
  auto reward = shape.spread(b.reward, shape.poison), value = shape.spread(b.value, shape.poison);
  auto mask = shape.spread(b.mask, std::uint8_t{0}), done = shape.spread(b.done, std::uint8_t{1});
  std::vector<T> advantage(shape.size(), T(77)), returns(shape.size(), T(77));
  recursion<T> out;
  cohort::gae<T>(context,
                 {.layout = cohort::padded{shape.rows(), shape.columns},
                  .reward = shape.over(reward),
                  .value = shape.over(value),
                  .mask = shape.over(mask),
                  .done = shape.over(done),
                  .bootstrap = b.bootstrap},
                 {.advantage = shape.over(advantage), .returns = shape.over(returns), .report = &out.counts}, options);
  out.advantage = shape.gathered(advantage, out.padding_is_zero);
  out.returns = shape.gathered(returns, out.padding_is_zero);
  return out;
}

} // namespace cases
