// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Random numbers that are the same with every standard library: the engine is specified to the bit by the standard,
/// its distributions and std::shuffle are not, so the few that are needed stand here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace gsm8k {

class random_source {
public:
  explicit random_source(std::uint64_t seed) : engine_{seed} {}

  /// Uniform in [0, 1), 53 bits.
  double uniform() { return static_cast<double>(engine_() >> 11U) * 0x1p-53; }

  /// Uniform in {0, ..., count - 1}; count > 0. The bias of the product is below count * 2^-53.
  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(uniform() * static_cast<double>(count)) % count;
  }

  /// Fisher and Yates.
  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[below(left)]);
  }

  /// A uniform permutation of 0 ... count - 1.
  std::vector<std::size_t> permutation(std::size_t count) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(std::span{order});
    return order;
  }

private:
  std::mt19937_64 engine_;
};

} // namespace gsm8k
