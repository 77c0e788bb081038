// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A call that breaks a rule: what check_* says, what the algorithm throws, and that nothing is written.
#pragma once

#include <string>

#include <cohort/core/error.hpp>

#include <support/catch.hpp>

namespace cases {

/// `check` returns a status, `call` runs the algorithm, `untouched` says whether every output still has its bits.
template <class Check, class Call, class Untouched>
void refuses(std::string const& function, std::string const& argument, cohort::error_code code, Check const& check,
             Call const& call, Untouched const& untouched) {
  INFO(function << " must refuse " << argument << " with code " << static_cast<int>(code));
  cohort::status const s = check();
  CHECK(static_cast<int>(s.code) == static_cast<int>(code));
  CHECK(std::string(s.function) == function);
  CHECK(std::string(s.argument) == argument);
  CHECK_FALSE(std::string(s.rule).empty());
  CHECK(untouched());
  try {
    call();
    FAIL_CHECK("no contract_error");
  } catch (cohort::contract_error const& error) {
    std::string const text = error.what();
    CHECK(text.find(function + ": " + argument) == 0);
    CHECK(text.find(s.rule) != std::string::npos);
    CHECK(static_cast<int>(error.status().code) == static_cast<int>(code));
  }
  CHECK(untouched());
}

} // namespace cases
