// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rollouts of word problems -> rule rewards -> group advantages -> clipped objective -> a byte-level model.
#include "job.hpp"
#include "options.hpp"

#include <exception>
#include <iostream>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace {

bool stderr_is_terminal() {
#if defined(__unix__) || defined(__APPLE__)
  return isatty(STDERR_FILENO) == 1;
#else
  return false;
#endif
}

} // namespace

int main(int argc, char** argv) {
  try {
    gsm8k::job_options options;
    if (auto const status = gsm8k::parse_command_line(argc, argv, options)) return *status;
    gsm8k::progress_screen const screen{options.quiet ? nullptr : &std::cerr, stderr_is_terminal()};
    gsm8k::run_job(options, std::cout, screen);
    return 0;
  } catch (std::exception const& problem) {
    std::cerr << "gsm8k_rollouts: " << problem.what() << '\n';
    return 1;
  }
}
