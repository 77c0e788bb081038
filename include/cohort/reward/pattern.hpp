// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Regular expressions in linear time: a documented subset, whatever the text.
#pragma once

#include <cohort/detail/namespace.hpp>
#include <cohort/reward/pattern_compiler.hpp>
#include <cohort/reward/pattern_program.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

COHORT_NAMESPACE_BEGIN
namespace detail {

/// All positions in a program at once (Thompson 1968): one step per byte, each instruction at most once per step.
class pattern_run {
public:
  constexpr pattern_run(pattern_program const& program, std::string_view const text) noexcept
      : program_(program), text_(text) {}

  /// Whether the whole text matches, or with `anywhere` some part of it.
  constexpr bool run(bool const anywhere) noexcept {
    for (std::size_t at = 0;; ++at) {
      if (at == 0 || anywhere) enter(0, at);
      if (anywhere && matched_) return true;
      if (at == text_.size()) return matched_;
      if (!anywhere && count_ == 0) return false;
      step(at);
    }
  }

private:
  using place = std::uint16_t;
  using places = std::array<place, max_pattern_instructions>;

  constexpr void step(std::size_t const at) noexcept {
    std::swap(current_, previous_);
    std::size_t const count = std::exchange(count_, 0);
    matched_ = false;
    for (std::size_t i = 0; i < count; ++i) {
      if (takes(program_.code[previous_[i]], static_cast<unsigned char>(text_[at]))) {
        enter(static_cast<place>(previous_[i] + 1), at + 1);
      }
    }
  }

  constexpr bool takes(pattern_instruction const& instruction, unsigned char const c) const noexcept {
    switch (instruction.operation) {
    case pattern_operation::byte:
      return c == instruction.argument;
    case pattern_operation::not_newline:
      return c != '\n';
    default:
      return program_.classes[instruction.argument].contains(c);
    }
  }

  /// Adds a place and all that follows from it without a byte.
  constexpr void enter(place const first, std::size_t const at) noexcept {
    std::size_t waiting = 0;
    push(first, at, waiting);
    while (waiting > 0) {
      place const here = stack_[--waiting];
      pattern_instruction const& instruction = program_.code[here];
      switch (instruction.operation) {
      case pattern_operation::match:
        matched_ = true;
        break;
      case pattern_operation::split:
        push(target(here, instruction.second), at, waiting);
        [[fallthrough]];
      case pattern_operation::jump:
        push(target(here, instruction.first), at, waiting);
        break;
      case pattern_operation::text_begin:
        if (at == 0) push(target(here, 1), at, waiting);
        break;
      case pattern_operation::text_end:
        if (at == text_.size()) push(target(here, 1), at, waiting);
        break;
      default:
        current_[count_++] = here;
        break;
      }
    }
  }

  constexpr void push(place const here, std::size_t const at, std::size_t& waiting) noexcept {
    if (seen_[here] == at + 1) return;
    seen_[here] = at + 1;
    stack_[waiting++] = here;
  }

  static constexpr place target(place const here, std::int16_t const offset) noexcept {
    return static_cast<place>(here + offset);
  }

  pattern_program const& program_;
  std::string_view text_;
  places current_{};
  places previous_{};
  places stack_{};
  std::array<std::size_t, max_pattern_instructions> seen_{}; ///< the last byte, plus 1, at which a place was entered
  std::size_t count_ = 0;
  bool matched_ = false;
};

} // namespace detail

/// A compiled pattern over bytes.
///
///   pattern = branch { "|" branch }     branch = { piece }     piece = atom [ "*" | "+" | "?" ] [ "?" ]
///   atom    = byte | "." | "^" | "$" | class | escape | "(" pattern ")" | "(?:" pattern ")"
///   class   = "[" [ "^" ] member { member } "]"     member = byte | byte "-" byte | escape
///   escape  = "\" and one of  d D w W s S n r t  or punctuation
///
/// "." is any byte but newline; a negated class has newline; d, w, s are ASCII's; "^" and "$" are the text's ends, not
/// a line's; a "?" behind a repetition (lazy) changes nothing, for a match says yes or no. Groups capture nothing. { }
/// ] need a backslash. No counts, back references, look-around, \b: each is an error with its position, not a literal.
/// Compiles at compile time too; never allocates, never recurs. Limits: max_pattern_instructions, _depth, _classes.
class text_pattern {
public:
  explicit constexpr text_pattern(std::string_view const text) noexcept
      : program_(detail::pattern_compiler(text).run()) {}

  explicit constexpr operator bool() const noexcept { return error() == pattern_error::none; }
  constexpr pattern_error error() const noexcept { return program_.error; }
  constexpr std::size_t error_position() const noexcept { return program_.position; }
  constexpr std::size_t instructions() const noexcept { return program_.size; }

  /// Whether the whole text matches. Time O(|text| * instructions()), memory constant; false for a pattern in error.
  constexpr bool matches(std::string_view const text) const noexcept {
    return *this && detail::pattern_run(program_, text).run(false);
  }

  /// Whether some part of the text matches, the empty part included. Time and memory as matches().
  constexpr bool found_in(std::string_view const text) const noexcept {
    return *this && detail::pattern_run(program_, text).run(true);
  }

private:
  detail::pattern_program program_;
};

COHORT_NAMESPACE_END
