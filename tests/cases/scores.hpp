// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Scores of tokens, seeds and masks, and what accumulate_policy_gradient makes of them, or of a part of them.
#pragma once

#include <cstdint>
#include <vector>

#include <cohort/gradient/accumulate_policy_gradient.hpp>
#include <cohort/interop/span.hpp>

#include <cases/random.hpp>
#include <cases/tensors.hpp>

namespace cases {

using cohort::host_space;
using cohort::index_t;

template <class S>
S stored(double x) {
  S out{};
  cohort::detail::narrow(&out, x);
  return out;
}

/// tokens x parameters scores in rows `pitch` apart; what lies beyond the parameters is NaN. One token in five is
/// masked and one in seven has seed 0.
template <class T, class S>
struct score_batch {
  index_t tokens, parameters, pitch;
  std::vector<S> scores;
  std::vector<T> seed;
  std::vector<std::uint8_t> mask;

  score_batch(index_t n, index_t d, std::uint64_t from, index_t gap = 0) : tokens(n), parameters(d), pitch(d + gap) {
    random source(from);
    scores.assign(static_cast<std::size_t>(n * pitch), stored<S>(cohort::not_a_number));
    for (index_t t = 0; t < n; ++t) {
      for (index_t i = 0; i < d; ++i) at(t, i) = stored<S>(source.normal());
      seed.push_back(static_cast<T>(chance(source, 0.14) ? 0 : source.normal()));
      mask.push_back(!chance(source, 0.2));
    }
  }

  S& at(index_t t, index_t i) { return scores[static_cast<std::size_t>(t * pitch + i)]; }
  [[nodiscard]] double score(index_t t, index_t i) const {
    return cohort::detail::widen<double>(&scores[static_cast<std::size_t>(t * pitch + i)]);
  }
  [[nodiscard]] auto rows(index_t first, index_t count) const {
    return loose_matrix(scores.data() + first * pitch, count, parameters, pitch);
  }
  template <class X>
  [[nodiscard]] auto part(std::vector<X> const& x, index_t first, index_t count) const {
    return loose_vector(x.data() + first, count);
  }
};

template <class G>
struct accumulated {
  std::vector<G> gradient;
  cohort::gradient_sums sums{.tokens = 77};
};

/// What stands in the gradient beforehand.
template <class G>
std::vector<G> before(index_t parameters) {
  return random(99).normals<G>(static_cast<std::size_t>(parameters));
}

/// Adds tokens [first, first + count) to x.
template <class Context, class T, class S, class G>
void add_tokens(Context& context, score_batch<T, S> const& b, accumulated<G>& x, index_t first, index_t count) {
  cohort::accumulate_policy_gradient<T, S>(context,
                                           {.scores = b.rows(first, count),
                                            .d_log_prob = b.part(b.seed, first, count),
                                            .mask = b.part(b.mask, first, count)},
                                           {.gradient = x.gradient, .report = &x.sums});
}

template <class G, class Context, class T, class S>
accumulated<G> accumulate(Context& context, score_batch<T, S> const& b) {
  accumulated<G> x{before<G>(b.parameters)};
  add_tokens(context, b, x, 0, b.tokens);
  return x;
}

/// The same scores from a callable, so many tokens at a time.
template <class G, class Context, class T, class S>
accumulated<G> accumulate_chunks(Context& context, score_batch<T, S> const& b, index_t chunk) {
  accumulated<G> x{before<G>(b.parameters)};
  auto const fill = [&](index_t first, index_t count, cohort::view<S, 2, host_space> rows) {
    for (index_t i = 0; i < count; ++i)
      for (index_t d = 0; d < b.parameters; ++d)
        rows.data[i * rows.stride[0] + d] = b.scores[static_cast<std::size_t>((first + i) * b.pitch + d)];
  };
  cohort::accumulate_policy_gradient<T, S>(context,
                                           {.scores = cohort::scores_from(fill), .d_log_prob = b.seed, .mask = b.mask},
                                           {.gradient = x.gradient, .report = &x.sums}, {.chunk_tokens = chunk});
  return x;
}

/// A split of n tokens, in order.
inline std::vector<index_t> random_split(random& source, index_t n) {
  std::vector<index_t> ends{0};
  while (ends.back() < n) ends.push_back((std::min)(n, ends.back() + source.integer(0, n / 3 + 1)));
  return ends;
}

} // namespace cases
