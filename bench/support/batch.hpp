// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Random batches for the benches: the same for everybody who is measured.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <cohort/core/index.hpp>

namespace bench {

inline std::vector<float> normal(std::size_t n, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> draw;
  std::vector<float> x(n);
  for (float& value : x) value = draw(generator);
  return x;
}

/// As many numbers as a vocabulary needs: a million normal ones, over and over; rows differ, for it is no multiple.
inline std::vector<float> many_normal(std::size_t n, std::uint32_t seed) {
  std::vector<float> const some = normal((std::min)(n, std::size_t{1'000'003}), seed);
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; i += some.size())
    std::copy_n(some.begin(), (std::min)(some.size(), n - i), x.begin() + static_cast<std::ptrdiff_t>(i));
  return x;
}

/// A padded batch of log-probs with three policies, one token in eight masked.
struct token_batch {
  cohort::index_t rows;
  cohort::index_t columns;
  std::vector<float> log_prob, old_log_prob, ref_log_prob, advantage, d_log_prob;
  std::vector<std::uint8_t> mask;
  std::vector<cohort::index_t> offsets;

  token_batch(cohort::index_t r, cohort::index_t c) : rows(r), columns(c) {
    auto const n = static_cast<std::size_t>(r * c);
    log_prob = normal(n, 1);
    old_log_prob = normal(n, 2);
    ref_log_prob = normal(n, 3);
    advantage = normal(static_cast<std::size_t>(r), 4);
    d_log_prob.resize(n);
    mask.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      log_prob[i] = -std::fabs(log_prob[i]);
      old_log_prob[i] = log_prob[i] + 0.2F * old_log_prob[i];
      ref_log_prob[i] = log_prob[i] + 0.2F * ref_log_prob[i];
      mask[i] = i % 8 != 7;
    }
    for (cohort::index_t i = 0; i <= r; ++i) offsets.push_back(i * c);
  }
};

/// What is taken turn by turn, so that no cache holds what the next call reads.
template <class T>
class rotation {
  std::vector<T> items_;
  std::size_t next_ = 0;

public:
  rotation(std::size_t count, T const& first) : items_(count, first) {}
  T& next() { return items_[next_++ % items_.size()]; }
};

} // namespace bench
