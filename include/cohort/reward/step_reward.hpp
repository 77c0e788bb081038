// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The process reward of a word problem: one reward per line whose arithmetic can be checked.
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/annotation.hpp>
#include <cohort/reward/final_number.hpp>
#include <cohort/reward/number.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string_view>

COHORT_NAMESPACE_BEGIN

/// One line of a completion. Every byte of the text belongs to exactly one step: bytes [begin, last], where the byte
/// `last` is the line's newline, or the text's last byte.
struct solution_step {
  std::string_view line; ///< without its newline
  std::size_t begin = 0;
  std::size_t last = 0;
};

/// The lines of a text, in order: `for (solution_step const step : solution_steps(text))`. An empty text has none; a
/// newline at the text's end starts no further line.
class solution_steps {
public:
  class iterator {
  public:
    using value_type = solution_step;
    using difference_type = std::ptrdiff_t;

    constexpr iterator() noexcept = default;
    explicit constexpr iterator(std::string_view const text) noexcept : text_(text) {}

    constexpr solution_step operator*() const noexcept {
      std::size_t const newline = text_.find('\n', begin_);
      std::size_t const end = newline == std::string_view::npos ? text_.size() : newline;
      return {text_.substr(begin_, end - begin_), begin_, end == text_.size() ? end - 1 : end};
    }
    constexpr iterator& operator++() noexcept {
      begin_ = (**this).last + 1;
      return *this;
    }
    constexpr void operator++(int) noexcept { ++*this; }
    constexpr bool operator==(std::default_sentinel_t) const noexcept { return begin_ >= text_.size(); }

  private:
    std::string_view text_{};
    std::size_t begin_ = 0;
  };

  explicit constexpr solution_steps(std::string_view const text) noexcept : text_(text) {}
  constexpr iterator begin() const noexcept { return iterator(text_); }
  constexpr std::default_sentinel_t end() const noexcept { return {}; }

private:
  std::string_view text_;
};

/// The values a reference solution arrives at: those its annotations state and its final number; all its numbers where
/// it has no annotation. Different values only, the first `capacity` of them.
class reference_values {
public:
  static constexpr std::size_t capacity = 128;

  explicit reference_values(std::string_view const reference) noexcept {
    for (annotation const stated : annotations(reference)) insert(parse_number(stated.value));
    if (count_ == 0) {
      for_each_number(reference, [this](parsed_number const& number) { insert(number); });
    }
    insert(reference_number(reference));
  }

  bool contains(double const value, number_tolerance const& tolerance = {}) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (values_match(values_[i], value, tolerance)) return true;
    }
    return false;
  }

  std::size_t size() const noexcept { return count_; }
  /// Whether the reference has more different values than the capacity.
  bool truncated() const noexcept { return truncated_; }

private:
  void insert(parsed_number const& number) noexcept {
    if (!number || contains(number.value)) return;
    truncated_ = truncated_ || count_ == capacity;
    if (count_ < capacity) values_[count_++] = number.value;
  }

  std::array<double, capacity> values_{};
  std::size_t count_ = 0;
  bool truncated_ = false;
};

/// What a line claims: its annotations, those that hold, and those that hold and whose value is the reference's.
struct step_score {
  std::size_t annotations = 0;
  std::size_t holding = 0;
  std::size_t confirmed = 0;

  /// A line without annotation claims nothing that could be checked: it is no step of its own.
  constexpr bool scored() const noexcept { return annotations > 0; }
  /// 1 if every annotation is confirmed, else 0; NaN (unscorable) for a line without annotation.
  double reward() const noexcept { return !scored() ? std::nan("") : confirmed == annotations ? 1.0 : 0.0; }
};

/// The score of one line. Time O(|line| + annotations * reference.size()).
inline step_score score_step(std::string_view const line, reference_values const& reference,
                             number_tolerance const& tolerance = {}) noexcept {
  step_score score{};
  for (annotation const claim : annotations(line)) {
    annotation_check const check = verify_annotation(claim, tolerance);
    bool const holds = check.verdict == annotation_verdict::holds;
    ++score.annotations;
    score.holding += holds ? 1u : 0u;
    score.confirmed += holds && reference.contains(check.stated, tolerance) ? 1u : 0u;
  }
  return score;
}

/// reward = 1 if the line has an annotation and each one evaluates to the value it states, and each of these values is
/// one of the reference's; 0 if one of them fails; NaN (unscorable) if the line has no annotation.
inline double step_reward(std::string_view const line, reference_values const& reference,
                          number_tolerance const& tolerance = {}) noexcept {
  return score_step(line, reference, tolerance).reward();
}

/// visit(step, reward) for every line of a completion that has a reward, in order; a line without annotation is left
/// out, so its tokens belong to the next step that has one.
template <typename Visit>
void for_each_step_reward(std::string_view const completion, reference_values const& reference, Visit&& visit,
                          number_tolerance const& tolerance = {}) {
  for (solution_step const step : solution_steps(completion)) {
    if (step_score const score = score_step(step.line, reference, tolerance); score.scored()) {
      visit(step, score.reward());
    }
  }
}

COHORT_NAMESPACE_END
