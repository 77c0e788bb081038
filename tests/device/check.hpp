// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Checks of the device's own program, which has no test framework: a failing one prints itself and the story that it
/// stands in, and the program's exit code is 1.
#pragma once

#include <cstdio>
#include <string>

namespace device {

struct tally {
  long checks = 0, failures = 0, stories = 0;
  std::string story;
  int shown = 0; ///< failures of this story so far
};
inline tally& counted() {
  static tally all;
  return all;
}

inline void begin_story(std::string name) {
  counted().story = std::move(name);
  counted().shown = 0;
  ++counted().stories;
}
inline bool check(bool passed, char const* expression, std::string const& said = {}) {
  ++counted().checks;
  if (passed) return true;
  ++counted().failures;
  if (counted().shown++ < 4)
    std::printf("FAILED  %s\n        %s%s%s\n", counted().story.c_str(), expression, said.empty() ? "" : "\n        ",
                said.c_str());
  std::fflush(stdout);
  return false;
}
/// An empty sentence passes.
inline bool check_silent(char const* what, std::string const& said) { return check(said.empty(), what, said); }

} // namespace device

#define COHORT_CHECK(expression) ::device::check(static_cast<bool>(expression), #expression)
