// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One test on every context that runs on the host:
///
///   support::on_every_context([&](auto& context) { ... });   // reference, emulated block, Eigen with 1, 2, 7 threads
///   support::on_eigen_contexts([&](auto& context) { ... });  // Eigen with 1, 2, 7 threads
///
/// The context is an engines::any_context, so that the test is compiled once. Where the environment says
/// COHORT_TEST_CONTEXTS=thrust the first means Thrust's systems of the host instead: the same program, run again.
///
/// A failure names the context.
#pragma once

#include <cstdlib>
#include <string_view>
#include <vector>

#include <engines/any_context.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace support {

inline constexpr int thread_counts[] = {1, 2, 7};
inline constexpr cohort::index_t default_workspace = 1 << 20;

/// f(context) on a fresh one.
template <class F>
void on_context(engines::choice const& made, F const& f, cohort::index_t workspace_bytes = default_workspace) {
  INFO("on " << made.name());
  engines::any_context context{made, workspace_bytes};
  f(context);
}

template <class F>
void on_reference_context(F const& f, cohort::index_t workspace_bytes = default_workspace) {
  on_context({engines::place::reference}, f, workspace_bytes);
}
template <class F>
void on_emulated_block_context(F const& f, cohort::index_t workspace_bytes = default_workspace) {
  on_context({engines::place::emulated_block}, f, workspace_bytes);
}
template <class F>
void on_eigen_contexts(F const& f, cohort::index_t workspace_bytes = default_workspace) {
  for (int const threads : thread_counts) on_context({engines::place::eigen, threads}, f, workspace_bytes);
}

/// Thrust's systems of the host, as far as they are there.
inline std::vector<engines::choice> thrust_choices() {
  using engines::place;
  std::vector<engines::choice> all;
  for (engines::choice const& x : {engines::choice{place::thrust_sequential}, engines::choice{place::thrust_tbb},
                                   engines::choice{place::thrust_openmp, 1}, engines::choice{place::thrust_openmp, 7}})
    if (engines::is_there(x.where)) all.push_back(x);
  return all;
}
inline std::vector<engines::choice> every_choice() {
  using engines::place;
  char const* const asked = std::getenv("COHORT_TEST_CONTEXTS");
  if (asked && std::string_view(asked) == "thrust") return thrust_choices();
  std::vector<engines::choice> all{{place::reference}, {place::emulated_block}};
  for (int const threads : thread_counts) all.push_back({place::eigen, threads});
  return all;
}

/// f(context) on each, freshly made.
template <class F>
void on_every_context(F const& f, cohort::index_t workspace_bytes = default_workspace) {
  for (engines::choice const& made : every_choice()) on_context(made, f, workspace_bytes);
}

} // namespace support
