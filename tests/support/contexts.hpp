// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One test on every context that runs on the host:
///
///   support::on_every_context([&](auto& context) { ... });   // reference, emulated block, Eigen with 1, 2, 7 threads
///   support::on_eigen_contexts([&](auto& context) { ... });  // Eigen with 1, 2, 7 threads
///
/// Where COHORT_TEST_ON_THRUST is defined, the first means Thrust's host systems instead: the same test, compiled again.
///
/// A failure names the context. `is_reference<decltype(context)>` tells where arithmetic is in double whatever the
/// type.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>

#include <cohort/backend/eigen.hpp>
#include <cohort/backend/emulated_block.hpp>
#include <cohort/backend/reference.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>
#if defined(COHORT_TEST_ON_THRUST)
#include <support/thrust_contexts.hpp>
#endif

namespace support {

inline constexpr int thread_counts[] = {1, 2, 7};
inline constexpr cohort::index_t default_workspace = 1 << 20;

template <class Context>
inline constexpr bool is_reference = std::same_as<std::remove_cvref_t<Context>, cohort::reference_context>;

template <class F>
void on_reference_context(F f, cohort::index_t workspace_bytes = default_workspace) {
  INFO("on reference_context");
  cohort::reference_context context{{.workspace_bytes = workspace_bytes}};
  f(context);
}

template <class F>
void on_emulated_block_context(F f, cohort::index_t workspace_bytes = default_workspace) {
  INFO("on emulated_block_context");
  cohort::emulated_block_context context{{.workspace_bytes = workspace_bytes}};
  f(context);
}

template <class F>
void on_eigen_contexts(F f, cohort::index_t workspace_bytes = default_workspace) {
  for (int const threads : thread_counts) {
    INFO("on eigen_context with " << threads << " threads, " << cohort::eigen_context::lanes << " lanes");
    cohort::eigen_context context{{.threads = threads, .workspace_bytes = workspace_bytes}};
    f(context);
  }
}

/// f(context) on each, freshly made.
template <class F>
void on_every_context(F f, cohort::index_t workspace_bytes = default_workspace) {
#if defined(COHORT_TEST_ON_THRUST)
  on_thrust_contexts(f, workspace_bytes);
#else
  on_reference_context(f, workspace_bytes);
  on_emulated_block_context(f, workspace_bytes);
  on_eigen_contexts(f, workspace_bytes);
#endif
}

} // namespace support
