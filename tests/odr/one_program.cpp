// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Four engines with other flags in one executable: each runs its own code, and errors are understood across them.
#include <cohort/core/error.hpp>

#include "check.hpp"

extern "C" odr::engine plain_engine();    // no optimisation, exceptions, the baseline
extern "C" odr::engine wide_engine();     // optimised, exceptions, AVX2 and FMA
extern "C" odr::engine handling_engine(); // optimised, no exceptions, no RTTI, its own handler
extern "C" odr::engine aborting_engine(); // no optimisation, no exceptions, no RTTI

namespace {

constexpr int refused = static_cast<int>(cohort::error_code::bad_group);

void check_thrown(odr::engine const& e) {
  try {
    e.refuse();
    odr::check(false, "no exception", e.target);
  } catch (cohort::contract_error const& error) {
    odr::check(static_cast<int>(error.status().code) == refused, "another code", e.target);
    odr::check(std::strstr(error.what(), "group_advantage: groups: ") == error.what(), error.what(), e.target);
  }
}

} // namespace

int main() {
  odr::engine const plain = plain_engine(), wide = wide_engine();
  odr::outcome const before = odr::run(plain);
  odr::run(handling_engine());
  odr::run(aborting_engine());
  check_thrown(plain);
  odr::check(handling_engine().refuse() == refused, "code of the handler", "handling");
  odr::check(aborting_engine().refuse() == refused, "code of check_", "aborting");
  odr::check(plain.where() != wide.where() && plain.where() != aborting_engine().where(), "one policy_loss", "all");
#if defined(__x86_64__)
  odr::check(plain.lanes == 4 && wide.lanes == 8, "lanes", "plain, wide");
#endif
  if (odr::runs_wide()) {
    odr::run(wide);
    check_thrown(wide);
  }
  odr::check(odr::same_bits(before, odr::run(plain)), "other bits than before", "plain");
  std::printf("%d failures\n", odr::failures);
  return odr::failures == 0 ? 0 : 1;
}
