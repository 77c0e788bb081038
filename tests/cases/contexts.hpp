// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Results of one body on every host context, side by side, and bodies in both value types.
#pragma once

#include <type_traits>
#include <vector>

#include <engines/calls.hpp>
#include <support/contexts.hpp>

namespace cases {

/// What body(context) gives on the reference, the emulated block, and Eigen with 1, 2 and 7 threads.
template <class Body>
auto outcomes(Body const& body, cohort::index_t workspace_bytes = support::default_workspace) {
  std::vector<std::invoke_result_t<Body const&, engines::any_context&>> all;
  support::on_every_context([&](auto& context) { all.push_back(body(context)); }, workspace_bytes);
  return all;
}
inline constexpr std::size_t first_eigen = 2;

/// body(context, T{}) on every context in float and in double.
template <class Body>
void in_both_types(Body const& body) {
  support::on_every_context([&](auto& context) {
    {
      INFO("in float");
      body(context, float{});
    }
    INFO("in double");
    body(context, double{});
  });
}

} // namespace cases
