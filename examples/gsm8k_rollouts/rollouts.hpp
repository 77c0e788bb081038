// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rollouts from JSON Lines: one prompt a line, with its reference solution and a group of completions.
///
///   {"question": text, "ground_truth": text, "<any key>": {"solution": text, "is_correct": bool}, ...}
///
/// Every other key whose value is an object is a completion; its `is_correct` may be missing. Keys with other values
/// are passed over.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace gsm8k {

struct completion {
  std::string source;           ///< its key in the file
  std::string solution;         ///< steps are lines; the last one reads `A: <number>`
  std::optional<bool> labelled; ///< `is_correct`, where the file has it
};

struct rollout_group {
  std::string question;
  std::string reference; ///< `ground_truth`
  std::vector<completion> completions;
};

/// A file that does not hold what it should: what() reads "<file>:<line>: <reason>", lines counted from 1.
struct malformed_rollouts : std::runtime_error {
  malformed_rollouts(std::string const& file, std::size_t line, std::string const& reason);
};

/// All groups of a stream, in its order. `name` stands for the stream in messages.
/// Errors   malformed_rollouts: a line is not a JSON object, or lacks a text that it needs, or its reference solution
///          states no number, or it has no completion; or there is no line at all.
std::vector<rollout_group> read_rollouts(std::istream& input, std::string const& name);

/// The same from a file. Errors: also std::runtime_error where the file cannot be read.
std::vector<rollout_group> read_rollouts(std::filesystem::path const& file);

} // namespace gsm8k
