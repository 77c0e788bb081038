// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// How much memory a call takes beyond what it is given.
#pragma once

#include <fstream>
#include <string>

namespace bench {

/// A line of /proc/self/status in bytes; 0 where the system has none.
inline double status_bytes(std::string const& name) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;)
    if (double kilobytes = 0; word == name + ":" && file >> kilobytes) return 1024 * kilobytes;
  return 0;
}

/// By how much the resident set grew at its highest during a call that is not the first.
template <class Call>
double peak_growth(Call&& call) {
  call();
  std::ofstream("/proc/self/clear_refs") << "5"; // the highest resident set begins anew
  double const before = status_bytes("VmRSS");
  call();
  return status_bytes("VmHWM") - before;
}

} // namespace bench
