// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A pattern compiled to a small program of fixed capacity: the machine behind text_pattern.
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/characters.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

COHORT_NAMESPACE_BEGIN

enum class pattern_error : unsigned char {
  none,
  nothing_to_repeat, ///< * + ? without anything before it, or behind another repetition
  unbalanced_group,  ///< ( without ) or ) without (
  bad_class,         ///< [ without ], an empty class, a range out of order, or a byte beyond ASCII in a class
  bad_escape,        ///< a backslash before a letter or digit without meaning, or at the end
  unsupported,       ///< { } ] unescaped, or (? other than (?:
  too_long,          ///< more than max_pattern_instructions instructions
  too_deep,          ///< more than max_pattern_depth open groups
  too_many_classes   ///< more than max_pattern_classes different classes
};

inline constexpr std::size_t max_pattern_instructions = 256;
inline constexpr std::size_t max_pattern_depth = 32;
inline constexpr std::size_t max_pattern_classes = 32;

namespace detail {

/// A set of bytes.
class byte_set {
public:
  constexpr void insert(unsigned char const c) noexcept { words_[c >> 6] |= std::uint64_t{1} << (c & 63); }
  constexpr bool contains(unsigned char const c) const noexcept { return ((words_[c >> 6] >> (c & 63)) & 1) != 0; }
  constexpr void insert(byte_set const& other) noexcept {
    for (std::size_t i = 0; i < 4; ++i) words_[i] |= other.words_[i];
  }
  constexpr void complement() noexcept {
    for (std::uint64_t& word : words_) word = ~word;
  }
  constexpr bool operator==(byte_set const&) const noexcept = default;

private:
  std::array<std::uint64_t, 4> words_{};
};

enum class pattern_operation : unsigned char { byte, not_newline, one_of, split, jump, text_begin, text_end, match };

/// Offsets are relative to the instruction. A split goes on at both.
struct pattern_instruction {
  pattern_operation operation = pattern_operation::match;
  unsigned char argument = 0; ///< the byte, or the class
  std::int16_t first = 1;
  std::int16_t second = 0;
};

struct pattern_program {
  std::array<pattern_instruction, max_pattern_instructions> code{};
  std::array<byte_set, max_pattern_classes> classes{};
  std::size_t size = 0;
  std::size_t class_count = 0;
  pattern_error error = pattern_error::none;
  std::size_t position = 0; ///< of the error, in bytes

  constexpr void refuse(pattern_error const what, std::size_t const where) noexcept {
    if (error != pattern_error::none) return;
    error = what;
    position = where;
  }

  /// Makes room at `at` for one instruction; what lies behind moves, which no relative offset notices.
  constexpr void insert(std::size_t const at, pattern_instruction const instruction, std::size_t const where) noexcept {
    if (size + 1 >= max_pattern_instructions) return refuse(pattern_error::too_long, where);
    for (std::size_t i = size; i > at; --i) code[i] = code[i - 1];
    code[at] = instruction;
    ++size;
  }

  constexpr void append(pattern_instruction const instruction, std::size_t const where) noexcept {
    insert(size, instruction, where);
  }

  constexpr void append(byte_set const& set, std::size_t const where) noexcept {
    std::size_t index = 0;
    while (index < class_count && !(classes[index] == set)) ++index;
    if (index == max_pattern_classes) return refuse(pattern_error::too_many_classes, where);
    classes[index] = set;
    class_count = index == class_count ? class_count + 1 : class_count;
    append({.operation = pattern_operation::one_of, .argument = static_cast<unsigned char>(index)}, where);
  }
};

/// Class of an escape: d D w W s S. False for any other letter.
constexpr bool read_class_escape(char const c, byte_set& set) noexcept {
  char const lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower != 'd' && lower != 'w' && lower != 's') return false;
  byte_set found{};
  for (int i = 0; i < 128; ++i) {
    char const each = static_cast<char>(i);
    if (lower == 'd' ? is_digit(each) : lower == 'w' ? is_word(each) : is_space(each)) {
      found.insert(static_cast<unsigned char>(i));
    }
  }
  if (lower != c) found.complement();
  set.insert(found);
  return true;
}

/// Byte of an escape: n r t, or punctuation for itself. False for anything else.
constexpr bool read_byte_escape(char const c, unsigned char& byte) noexcept {
  bool const punctuation = c > ' ' && c < 0x7F && !is_letter(c) && !is_digit(c);
  byte = static_cast<unsigned char>(c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c);
  return punctuation || c == 'n' || c == 'r' || c == 't';
}

} // namespace detail
COHORT_NAMESPACE_END
