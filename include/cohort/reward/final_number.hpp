// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The outcome reward of a word problem: does the completion end in the reference's number?
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/characters.hpp>
#include <cohort/reward/number.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

COHORT_NAMESPACE_BEGIN

/// What stands before the answer. A marker of a line's start may have blanks before it, nothing else.
struct answer_marker {
  std::string_view text;
  bool at_line_start = true;
};

/// GSM8K's two habits: a line "A: 18", and "#### 18".
inline constexpr std::array<answer_marker, 2> default_answer_markers{{{"A:", true}, {"####", false}}};

struct final_number_options {
  std::span<answer_marker const> markers = default_answer_markers;
  number_tolerance tolerance{};
};

namespace detail {

constexpr bool starts_line(std::string_view const text, std::size_t at) noexcept {
  while (at > 0 && is_blank(text[at - 1])) --at;
  return at == 0 || text[at - 1] == '\n';
}

/// The byte after the last occurrence of a marker, or npos.
constexpr std::size_t after_marker(std::string_view const text, answer_marker const& marker) noexcept {
  if (marker.text.empty()) return std::string_view::npos;
  std::size_t at = text.rfind(marker.text);
  while (at != std::string_view::npos && marker.at_line_start && !starts_line(text, at)) {
    at = at == 0 ? std::string_view::npos : text.rfind(marker.text, at - 1);
  }
  return at == std::string_view::npos ? at : at + marker.text.size();
}

/// The byte after the last occurrence of any marker, or npos.
constexpr std::size_t after_last_marker(std::string_view const text,
                                        std::span<answer_marker const> const markers) noexcept {
  std::size_t last = std::string_view::npos;
  for (answer_marker const& marker : markers) {
    std::size_t const after = after_marker(text, marker);
    if (after != std::string_view::npos && (last == std::string_view::npos || after > last)) last = after;
  }
  return last;
}

inline parsed_number number_of_line(std::string_view const text, std::size_t const from) noexcept {
  return find_number(text.substr(0, text.find('\n', from)), from);
}

} // namespace detail

/// The first number behind the last marker, on the marker's line; none without a marker or without a number there.
/// Linear in the text for markers of fixed length.
inline parsed_number final_number(std::string_view const text,
                                  std::span<answer_marker const> const markers = default_answer_markers) noexcept {
  std::size_t const from = detail::after_last_marker(text, markers);
  return from == std::string_view::npos ? parsed_number{} : detail::number_of_line(text, from);
}

/// The number of a reference: its final number, or where it has no marker the number that the whole text is.
inline parsed_number reference_number(std::string_view const text,
                                      std::span<answer_marker const> const markers = default_answer_markers) noexcept {
  bool const marked = detail::after_last_marker(text, markers) != std::string_view::npos;
  return marked ? final_number(text, markers) : parse_number(text);
}

/// reward = 1 if the completion's final number is the reference's, else 0; NaN (unscorable) if the reference has none.
///
/// A completion without a marker, without a number behind it or with one out of range gets 0.
inline double final_number_match(std::string_view const completion, std::string_view const reference,
                                 final_number_options const& options = {}) noexcept {
  parsed_number const expected = reference_number(reference, options.markers);
  if (!expected) return std::nan("");
  return numbers_match(final_number(completion, options.markers), expected, options.tolerance) ? 1.0 : 0.0;
}

COHORT_NAMESPACE_END
