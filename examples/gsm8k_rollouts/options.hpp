// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "job.hpp"

#include <optional>

namespace gsm8k {

/// Fills `options` from a command line. Returns the exit status if there is nothing more to do: --help, or an error,
/// which is printed.
std::optional<int> parse_command_line(int argc, char const* const* argv, job_options& options);

} // namespace gsm8k
