// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cohort/detail/shape.hpp>
#include <cohort/formula/formula.hpp>
#include <cohort/formula/no_kl.hpp>
#include <cohort/objective/detail/batch_count.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// The rules of what a policy objective is given, whoever makes its log-probs: a layout, values per token, formulas.
template <class Inputs, class Objective, class Options>
status check_policy(checker const& check, Inputs const& in, Objective const& f, Options const& options,
                    index_t tokens) {
  bool const lacks_reference = !std::same_as<decltype(f.kl), no_kl> && !in.ref_log_prob.given;
  auto const& layout = in.layout;
  return first_broken({
      check.layout(layout),
      check.tokens("old_log_prob", layout, in.old_log_prob, tokens),
      check.tokens("ref_log_prob", layout, in.ref_log_prob, tokens),
      check.tokens("advantage", layout, in.advantage.tokens, tokens),
      check.vector("advantage", in.advantage.sequences, layout.rows.rows),
      check.tokens("mask", layout, in.mask, tokens),
      check.tokens("correction", layout, in.correction, tokens),
      check.offsets("layout", layout.rows.offsets, tokens),
      check.rule(!lacks_reference, error_code::missing_argument, "ref_log_prob", "the penalty needs it"),
      check.formula(fault_of(f.surrogate)),
      check.formula(fault_of(f.kl)),
      check.formula(options.log_ratio.fault()),
      check_normalizer(check, options.normalizer),
  });
}

} // namespace detail

COHORT_NAMESPACE_END
