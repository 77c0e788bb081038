// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A property as a test: 200 cases, or what RC_PARAMS="max_success=100000 seed=1" says. Every run prints its seed.
#pragma once

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include <rapidcheck.h>

#include <support/contexts.hpp>

namespace properties {

inline constexpr int cases_by_default = 200;

/// The seed is drawn once per run where RC_PARAMS names none, and printed by rapidcheck either way.
inline rc::detail::TestParams parameters() {
  auto params = rc::detail::configuration().testParams;
  char const* const given = std::getenv("RC_PARAMS");
  bool const counted = given && std::string(given).find("max_success") != std::string::npos;
  if (!counted) params.maxSuccess = cases_by_default;
  return params;
}

/// `property` draws its case by rc::gen and states what must hold by RC_ASSERT.
template <class Property>
void holds(std::string const& name, Property const& property) {
  auto const params = parameters();
  auto const result = rc::detail::checkTestable(property, rc::detail::TestMetadata{name, name}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  std::cerr << name << " (seed=" << params.seed << "): " << text.str() << std::endl;
  INFO("seed=" << params.seed << "\n" << text.str());
  CHECK(result.template is<rc::detail::SuccessResult>());
}

/// eigen_context with that many threads, made once.
inline engines::any_context& eigen_threads(int count) {
  static engines::any_context one{{engines::place::eigen, 1}, support::default_workspace},
      two{{engines::place::eigen, 2}, support::default_workspace},
      seven{{engines::place::eigen, 7}, support::default_workspace};
  return count == 1 ? one : count == 2 ? two : seven;
}

/// f(context, T{}) for Eigen and the reference in both value types.
template <class F>
void on_everything(F const& f) {
  static engines::any_context loops{{engines::place::reference}, support::default_workspace};
  auto& packs = eigen_threads(1);
  f(packs, float{}), f(packs, double{}), f(loops, float{}), f(loops, double{});
}

/// One of them, as likely as the next.
template <class X>
X one_of(std::initializer_list<X> values) {
  return *rc::gen::elementOf(std::vector<X>(values));
}
/// In [low, high].
inline int between(int low, int high) { return *rc::gen::inRange(low, high + 1); }
inline std::uint64_t any_seed() { return *rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>()); }

} // namespace properties
