// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a call asks of its rows of logits is the same for all of them, and known before the first: the plain case is code of
/// its own, with the registers for itself.
#pragma once

#include <cohort/core/execution_context.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// plain: log-probs and their gradient. whole: entropies or divergences too, or a sum with what is there. masked: any of
/// that over some classes only. A processor takes whole rows in the masked pass, which asks whether there is a mask: that costs
/// it nothing, and a sixth of what a call costs to compile. A device has no registers to spare for a mask that is not there.
enum class row_pass : int { plain, whole, masked };

/// The rows of a call in one pass: Rows has row<Pass>(team, i) and pass_of_call().
template <class Rows, row_pass Pass>
struct rows_in_pass {
  using compute_type = typename Rows::compute_type;
  using staged_type = typename Rows::staged_type;
  static constexpr bool rows_in_lanes = false;
  static constexpr bool stages_out = Rows::stages_out;

  Rows rows;

  template <class Team>
  COHORT_HOST_DEVICE auto operator()(Team const& team, index_t i) const {
    return rows.template row<Pass>(team, i);
  }
};

/// f(rows_in_pass) in the pass of the call.
template <class Rows, class F>
COHORT_HIDDEN void in_pass(Rows const& rows, F f) {
  switch (rows.pass_of_call()) {
  case row_pass::plain:
    return f(rows_in_pass<Rows, row_pass::plain>{rows});
  case row_pass::whole:
#if defined(__CUDACC__)
    return f(rows_in_pass<Rows, row_pass::whole>{rows});
#endif
  case row_pass::masked:
    return f(rows_in_pass<Rows, row_pass::masked>{rows});
  }
}

} // namespace detail

COHORT_NAMESPACE_END
