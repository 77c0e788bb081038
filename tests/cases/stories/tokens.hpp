// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Sequences of tokens as stories lay them out: padded with any row pitch, or packed; NaN wherever no token is valid.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <cases/random.hpp>
#include <cases/stories/recording.hpp>

namespace stories {

struct token_shape {
  std::vector<index_t> lengths;
  bool packed = false;
  index_t columns = 0, gap = 0; ///< of a padded layout; the gap lies between rows
  double hole = 0;              ///< share of masked tokens besides the padding
};

inline std::vector<index_t> ragged_lengths() {
  return {0, 1, 2, 7, 31, 32, 33, 255, 256, 257, 1000, 0, 1023, 1024, 1025, 5000, 3, 0};
}
inline std::vector<index_t> random_lengths(index_t rows, index_t longest, std::uint64_t seed) {
  cases::random random(seed);
  std::vector<index_t> x;
  for (index_t r = 0; r < rows; ++r) x.push_back(random.integer(0, longest));
  return x;
}

/// Cells in memory, those that are tokens among them, and those of them that are valid.
class token_cells_of {
public:
  explicit token_cells_of(token_shape const& shape, std::uint64_t seed) : shape_(shape) {
    cases::random random(seed);
    index_t at = 0;
    for (index_t const n : shape.lengths) {
      first_.push_back(at);
      index_t const cells = shape.packed ? n : shape.columns + shape.gap;
      for (index_t c = 0; c < cells; ++c) valid_.push_back(c < n && !(random.uniform() < shape.hole));
      at += cells;
    }
    first_.push_back(at);
  }
  [[nodiscard]] index_t rows() const { return static_cast<index_t>(shape_.lengths.size()); }
  [[nodiscard]] index_t cells() const { return first_.back(); }
  [[nodiscard]] bool valid(index_t cell) const { return valid_[static_cast<std::size_t>(cell)]; }
  [[nodiscard]] index_t first(index_t r) const { return first_[static_cast<std::size_t>(r)]; }
  [[nodiscard]] index_t longest() const {
    return shape_.lengths.empty() ? 0 : *std::max_element(shape_.lengths.begin(), shape_.lengths.end());
  }
  [[nodiscard]] index_t count() const { return static_cast<index_t>(std::count(valid_.begin(), valid_.end(), true)); }
  [[nodiscard]] index_t count(index_t r) const {
    return static_cast<index_t>(std::count(valid_.begin() + first(r), valid_.begin() + first(r + 1), true));
  }
  [[nodiscard]] bool packed() const { return shape_.packed; }
  [[nodiscard]] index_t pitch() const { return shape_.columns + shape_.gap; }
  [[nodiscard]] index_t columns() const { return shape_.columns; }

  [[nodiscard]] std::vector<std::uint8_t> mask() const { return {valid_.begin(), valid_.end()}; }
  [[nodiscard]] std::vector<std::int64_t> offsets() const { return {first_.begin(), first_.end()}; }

  /// f() at every valid token in memory's order, NaN elsewhere.
  template <class T, class F>
  [[nodiscard]] std::vector<T> fill(F f) const {
    std::vector<T> x;
    for (bool const is : valid_) x.push_back(is ? static_cast<T>(f()) : static_cast<T>(cohort::not_a_number));
    return x;
  }

private:
  token_shape shape_;
  std::vector<index_t> first_;
  std::vector<bool> valid_;
};

/// A layout in a context's memory, and vectors over it.
template <class Stage>
class laid_out {
public:
  using space = typename Stage::space;
  laid_out(Stage& on, token_cells_of const& cells) : cells_(cells), offsets_(on.input(cells.offsets())) {}

  [[nodiscard]] cohort::token_layout<space> layout() const {
    if (cells_.packed()) return cohort::packed(offsets_);
    return cohort::padded{cells_.rows(), cells_.columns()};
  }
  template <class T>
  [[nodiscard]] cohort::optional_token_view<T, space> operator()(cohort::view<T, 1, space> const& x) const {
    if (cells_.packed()) return x;
    return as_matrix(x, cells_.rows(), cells_.columns(), cells_.pitch());
  }

  /// As the mask of a call in C.
  template <class C>
  [[nodiscard]] cohort::mask_view<C, space> mask(cohort::view<std::uint8_t const, 1, space> const& x) const {
    if (cells_.packed()) return x;
    return as_matrix(x, cells_.rows(), cells_.columns(), cells_.pitch());
  }
  template <class C>
  [[nodiscard]] cohort::advantage_view<C, space> per_token(cohort::view<C const, 1, space> const& x) const {
    cohort::advantage_view<C, space> advantage = cohort::per_token(x);
    advantage.tokens = (*this)(x);
    return advantage;
  }

private:
  token_cells_of const& cells_;
  cohort::view<std::int64_t const, 1, space> offsets_;
};

} // namespace stories
