// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// reference_context: plain loops in double. The oracle of the tests, and the one to step through in a debugger.
#pragma once

#include <cohort/backend/detail/thread_team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Computes in double whatever the call's type is.
template <class>
struct reference_team : thread_team<double> {};

} // namespace detail

/// reference_context context;   or   reference_context context{{.workspace_bytes = 1 << 20}};
using reference_context = detail::plain_context<detail::reference_team>;

static_assert(team<detail::reference_team<float>> && execution_context<reference_context>);
static_assert(multiplying_context<reference_context, float> && multiplying_context<reference_context, double> &&
              multiplying_context<reference_context, half> && multiplying_context<reference_context, bfloat16, float>);

COHORT_NAMESPACE_END
