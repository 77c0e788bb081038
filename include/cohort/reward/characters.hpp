// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Classes of bytes, independent of any locale, and bounded reads from a text.
#pragma once

#include <cohort/detail/namespace.hpp>

#include <cstddef>
#include <string_view>

COHORT_NAMESPACE_BEGIN
namespace detail {

constexpr bool is_digit(char const c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char const c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_word(char const c) noexcept { return is_letter(c) || is_digit(c) || c == '_'; }
constexpr bool is_blank(char const c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }
constexpr bool is_space(char const c) noexcept { return is_blank(c) || c == '\n' || c == '\v' || c == '\f'; }

/// The byte at an index, or NUL past the end.
constexpr char peek(std::string_view const text, std::size_t const at) noexcept {
  return at < text.size() ? text[at] : '\0';
}

/// Whether `word` stands in `text` at byte `at`.
constexpr bool stands_at(std::string_view const text, std::size_t const at, std::string_view const word) noexcept {
  return at <= text.size() && text.substr(at, word.size()) == word;
}

/// Whether `word` ends in `text` just before byte `at`.
constexpr bool stands_before(std::string_view const text, std::size_t const at, std::string_view const word) noexcept {
  return at >= word.size() && stands_at(text, at - word.size(), word);
}

/// Whether a decimal starts here: a digit, or a point and a digit.
constexpr bool starts_decimal(std::string_view const text, std::size_t const at) noexcept {
  return is_digit(peek(text, at)) || (peek(text, at) == '.' && is_digit(peek(text, at + 1)));
}

inline constexpr std::string_view minus_sign = "\xE2\x88\x92"; // U+2212

} // namespace detail
COHORT_NAMESPACE_END
