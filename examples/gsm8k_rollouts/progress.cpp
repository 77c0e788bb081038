// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>

namespace gsm8k {

std::string progress_line(std::string const& title, std::int64_t done, std::int64_t total, double seconds) {
  double const share = total > 0 ? (std::min)(1.0, static_cast<double>(done) / static_cast<double>(total)) : 1;
  double const speed = static_cast<double>(done) / seconds;
  auto const left = speed > 0 ? std::lround(static_cast<double>(total - done) / speed) : 0L;
  std::size_t const width = 24;
  auto const filled = static_cast<std::size_t>(share * width);
  std::array<char, 64> numbers{};
  std::snprintf(numbers.data(), numbers.size(), "] %3.0f %%  %.0f k tokens/s  %ld:%02ld left", 100 * share,
                speed / 1000, left / 60, left % 60);
  return title + " [" + std::string(filled, '#') + std::string(width - filled, '-') + numbers.data();
}

progress_bar::progress_bar(progress_screen screen, std::string title, std::int64_t tokens)
    : screen_{screen}, title_{std::move(title)}, total_{tokens} {}

progress_bar::~progress_bar() {
  clear();
  if (screen_.stream && !screen_.terminal && done_ > 0) draw(clock::now());
}

void progress_bar::add(std::int64_t tokens) {
  done_ += tokens;
  auto const now = clock::now();
  auto const pause = screen_.terminal ? std::chrono::milliseconds{100} : std::chrono::milliseconds{5000};
  if (screen_.stream && now - drawn_ >= pause) draw(now);
}

void progress_bar::clear() {
  if (screen_.stream && screen_.terminal) *screen_.stream << "\r\033[K" << std::flush;
}

void progress_bar::draw(clock::time_point now) {
  drawn_ = now;
  double const seconds = (std::max)(1e-3, std::chrono::duration<double>(now - begin_).count());
  *screen_.stream << (screen_.terminal ? "\r\033[K" : "") << progress_line(title_, done_, total_, seconds)
                  << (screen_.terminal ? "" : "\n") << std::flush;
}

} // namespace gsm8k
