// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// From a pattern's text to its program, in one pass without recursion or allocation.
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/characters.hpp>
#include <cohort/reward/pattern_program.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

COHORT_NAMESPACE_BEGIN
namespace detail {

/// The members between [ and ]; position() is the byte behind the ].
class class_reader {
public:
  constexpr class_reader(std::string_view const text, std::size_t const at) noexcept : text_(text), at_(at) {}

  constexpr pattern_error read() noexcept {
    bool const negated = peek(text_, at_) == '^';
    if (negated) ++at_;
    std::size_t const first = at_;
    for (; at_ < text_.size() && text_[at_] != ']';) {
      if (pattern_error const error = member(); error != pattern_error::none) return error;
    }
    if (at_ == text_.size() || at_ == first) return pattern_error::bad_class;
    ++at_;
    if (negated) set_.complement();
    return pattern_error::none;
  }

  constexpr byte_set const& set() const noexcept { return set_; }
  constexpr std::size_t position() const noexcept { return at_; }

private:
  constexpr pattern_error member() noexcept {
    unsigned char low = 0;
    unsigned char high = 0;
    bool whole_class = false;
    if (pattern_error const error = endpoint(low, whole_class); error != pattern_error::none) return error;
    bool const range = peek(text_, at_) == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
    if (whole_class) return range ? pattern_error::bad_class : pattern_error::none;
    high = low;
    if (range) {
      ++at_;
      if (pattern_error const error = endpoint(high, whole_class); error != pattern_error::none) return error;
    }
    if (whole_class || high < low) return pattern_error::bad_class;
    for (unsigned c = low; c <= high; ++c) set_.insert(static_cast<unsigned char>(c));
    return pattern_error::none;
  }

  constexpr pattern_error endpoint(unsigned char& byte, bool& whole_class) noexcept {
    char const c = text_[at_++];
    byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return pattern_error::bad_class;
    if (c != '\\') return pattern_error::none;
    char const escaped = peek(text_, at_++);
    whole_class = read_class_escape(escaped, set_);
    return whole_class || read_byte_escape(escaped, byte) ? pattern_error::none : pattern_error::bad_escape;
  }

  std::string_view text_;
  std::size_t at_;
  byte_set set_{};
};

class pattern_compiler {
public:
  explicit constexpr pattern_compiler(std::string_view const text) noexcept : text_(text) {}

  constexpr pattern_program run() noexcept {
    while (at_ < text_.size() && program_.error == pattern_error::none) {
      start_ = at_;
      piece(text_[at_++]);
    }
    if (depth_ > 0) program_.refuse(pattern_error::unbalanced_group, text_.size());
    join(groups_[0]);
    program_.code[program_.size++] = {.operation = pattern_operation::match}; // insert() always leaves its place
    return program_;
  }

private:
  static constexpr std::size_t nothing = static_cast<std::size_t>(-1);

  /// Places in the program; `pending` is the last of a chain of jumps, one behind each finished branch, to the group's
  /// end.
  struct group {
    std::size_t begin = 0;
    std::size_t branch = 0;
    std::size_t pending = nothing;
    std::size_t atom = nothing; ///< what a repetition would repeat
  };

  constexpr group& top() noexcept { return groups_[depth_]; }
  static constexpr std::int16_t offset(std::size_t const from, std::size_t const to) noexcept {
    return static_cast<std::int16_t>(static_cast<std::ptrdiff_t>(to) - static_cast<std::ptrdiff_t>(from));
  }

  constexpr void piece(char const c) noexcept {
    switch (c) {
    case '(':
      return open();
    case ')':
      return close();
    case '|':
      return branch();
    case '*':
    case '+':
    case '?':
      return repeat(c);
    case '[':
      return read_class();
    case '\\':
      return escape();
    case '.':
      return atom({.operation = pattern_operation::not_newline});
    case '^':
      return atom({.operation = pattern_operation::text_begin});
    case '$':
      return atom({.operation = pattern_operation::text_end});
    case '{':
    case '}':
    case ']':
      return program_.refuse(pattern_error::unsupported, start_);
    default:
      return literal(static_cast<unsigned char>(c));
    }
  }

  constexpr void atom(pattern_instruction const instruction) noexcept {
    top().atom = program_.size;
    program_.append(instruction, start_);
  }

  constexpr void literal(unsigned char const c) noexcept {
    atom({.operation = pattern_operation::byte, .argument = c});
  }

  constexpr void one_of(byte_set const& set) noexcept {
    top().atom = program_.size;
    program_.append(set, start_);
  }

  constexpr void read_class() noexcept {
    class_reader reader(text_, at_);
    pattern_error const error = reader.read();
    at_ = reader.position();
    if (error != pattern_error::none) return program_.refuse(error, start_);
    one_of(reader.set());
  }

  constexpr void escape() noexcept {
    char const c = peek(text_, at_++);
    byte_set set{};
    unsigned char byte = 0;
    if (read_class_escape(c, set)) return one_of(set);
    if (!read_byte_escape(c, byte)) return program_.refuse(pattern_error::bad_escape, start_);
    literal(byte);
  }

  constexpr void open() noexcept {
    if (depth_ == max_pattern_depth) return program_.refuse(pattern_error::too_deep, start_);
    if (stands_at(text_, at_, "?:")) at_ += 2;
    if (peek(text_, at_) == '?') return program_.refuse(pattern_error::unsupported, start_);
    groups_[++depth_] = {.begin = program_.size, .branch = program_.size};
  }

  constexpr void close() noexcept {
    if (depth_ == 0) return program_.refuse(pattern_error::unbalanced_group, start_);
    join(top());
    std::size_t const begin = top().begin;
    --depth_;
    top().atom = begin;
  }

  /// The jumps behind a group's branches lead to its end. A pending jump's `second` is the way back along the chain.
  constexpr void join(group const& here) noexcept {
    for (std::size_t i = here.pending; i != nothing;) {
      pattern_instruction& jump = program_.code[i];
      std::size_t const back = static_cast<std::size_t>(jump.second);
      jump.first = offset(i, program_.size);
      i = back == 0 ? nothing : i - back;
    }
  }

  /// split(1, to the next branch) branch jump(to the end)
  constexpr void branch() noexcept {
    group& here = top();
    program_.insert(here.branch, {.operation = pattern_operation::split}, start_);
    std::size_t const jump = program_.size;
    std::int16_t const back = here.pending == nothing ? std::int16_t{0} : offset(here.pending, jump);
    program_.append({.operation = pattern_operation::jump, .second = back}, start_);
    program_.code[here.branch].second = offset(here.branch, program_.size);
    here = {.begin = here.begin, .branch = program_.size, .pending = jump};
  }

  /// x*: split(1, end) x jump(split)     x+: x split(x, 1)     x?: split(1, end) x
  constexpr void repeat(char const c) noexcept {
    std::size_t const begin = top().atom;
    if (begin == nothing) return program_.refuse(pattern_error::nothing_to_repeat, start_);
    if (c != '+') program_.insert(begin, {.operation = pattern_operation::split}, start_);
    std::size_t const last = program_.size;
    if (c == '*') program_.append({.operation = pattern_operation::jump, .first = offset(last, begin)}, start_);
    if (c != '+') program_.code[begin].second = offset(begin, program_.size);
    if (c == '+') {
      program_.append({.operation = pattern_operation::split, .first = offset(last, begin), .second = 1}, start_);
    }
    if (peek(text_, at_) == '?') ++at_; // lazy: the same texts match
    top().atom = nothing;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::size_t depth_ = 0;
  std::array<group, max_pattern_depth + 1> groups_{};
  pattern_program program_{};
};

} // namespace detail
COHORT_NAMESPACE_END
