// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calculator annotations, <<expression=value>>: found in a text and checked.
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/expression.hpp>
#include <cohort/reward/number.hpp>

#include <cmath>
#include <cstddef>
#include <iterator>
#include <string_view>

COHORT_NAMESPACE_BEGIN

/// One annotation, in pieces of the text: bytes [begin, end), delimiters included.
struct annotation {
  std::string_view expression; ///< before the last "="; all of the content where there is none
  std::string_view value;      ///< behind the last "="
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The annotations of a text, in order: `for (annotation const found : annotations(text))`.
///
/// An annotation is the innermost "<<" before a ">>" on the same line. Linear in the text over a whole iteration.
class annotations {
public:
  class iterator {
  public:
    using value_type = annotation;
    using difference_type = std::ptrdiff_t;

    constexpr iterator() noexcept = default;
    explicit constexpr iterator(std::string_view const text) noexcept : text_(text) { advance(); }

    constexpr annotation operator*() const noexcept { return current_; }
    constexpr iterator& operator++() noexcept {
      advance();
      return *this;
    }
    constexpr void operator++(int) noexcept { advance(); }
    constexpr bool operator==(std::default_sentinel_t) const noexcept { return done_; }

  private:
    constexpr void advance() noexcept {
      for (std::size_t close = text_.find(">>", at_); close != std::string_view::npos; close = text_.find(">>", at_)) {
        std::string_view const piece = text_.substr(at_, close - at_);
        std::size_t const open = piece.rfind("<<");
        std::size_t const begin = at_ + open;
        at_ = close + 2;
        if (open == std::string_view::npos || piece.find('\n', open) != std::string_view::npos) continue;
        return set(piece.substr(open + 2), begin);
      }
      done_ = true;
    }

    constexpr void set(std::string_view const content, std::size_t const begin) noexcept {
      std::size_t const equals = content.rfind('=');
      bool const states = equals != std::string_view::npos;
      current_ = {content.substr(0, equals), states ? content.substr(equals + 1) : std::string_view{}, begin, at_};
    }

    std::string_view text_{};
    std::size_t at_ = 0;
    bool done_ = false;
    annotation current_{};
  };

  explicit constexpr annotations(std::string_view const text) noexcept : text_(text) {}
  constexpr iterator begin() const noexcept { return iterator(text_); }
  constexpr std::default_sentinel_t end() const noexcept { return {}; }

private:
  std::string_view text_;
};

enum class annotation_verdict : unsigned char {
  holds,    ///< the expression evaluates to the value
  differs,  ///< it evaluates to something else
  malformed ///< no expression or no number
};

struct annotation_check {
  annotation_verdict verdict = annotation_verdict::malformed;
  double stated = 0.0;   ///< NaN where there is none
  double computed = 0.0; ///< NaN where there is none
};

/// holds if |computed - stated| is within the tolerance: evaluate_expression(expression) against parse_number(value).
inline annotation_check verify_annotation(annotation const& claim, number_tolerance const& tolerance = {}) noexcept {
  parsed_number const stated = parse_number(claim.value);
  annotation_check check{.stated = stated ? stated.value : std::nan(""),
                         .computed = evaluate_expression(claim.expression).value};
  if (std::isnan(check.stated) || std::isnan(check.computed)) return check;
  bool const same = values_match(check.computed, check.stated, tolerance);
  check.verdict = same ? annotation_verdict::holds : annotation_verdict::differs;
  return check;
}

COHORT_NAMESPACE_END
