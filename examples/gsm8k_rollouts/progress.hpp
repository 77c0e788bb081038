// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// How far a piece of work is, how fast it goes and how long it still takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace gsm8k {

/// Where progress is shown. On a terminal it is one line that is drawn again and again; elsewhere plain lines, far
/// apart.
struct progress_screen {
  std::ostream* stream = nullptr; ///< null shows nothing
  bool terminal = false;
};

class progress_bar {
public:
  progress_bar(progress_screen screen, std::string title, std::int64_t tokens);
  progress_bar(progress_bar const&) = delete;
  progress_bar& operator=(progress_bar const&) = delete;
  ~progress_bar();

  void add(std::int64_t tokens);
  /// Takes the bar off the screen, to let another line through.
  void clear();

private:
  using clock = std::chrono::steady_clock;

  void draw(clock::time_point now);

  progress_screen screen_;
  std::string title_;
  std::int64_t total_;
  std::int64_t done_ = 0;
  clock::time_point begin_ = clock::now();
  clock::time_point drawn_ = begin_;
};

/// "title [####----]  50 %  120 k tokens/s  0:03 left"; seconds > 0.
std::string progress_line(std::string const& title, std::int64_t done, std::int64_t total, double seconds);

} // namespace gsm8k
