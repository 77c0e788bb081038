// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a normaliser without a count counts: one row is one sequence.
#pragma once

#include <cohort/core/mask.hpp>
#include <cohort/core/team.hpp>
#include <cohort/core/workspace.hpp>
#include <cohort/detail/shape.hpp>
#include <cohort/objective/normalizer.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Valid tokens and sequences that have one.
template <class V>
struct batch_count {
  V tokens = V(0);
  V sequences = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return batch_count<field_t<F, sum_rule, decltype(s.tokens)...>>{f(sum_rule{}, s.tokens...),
                                                                    f(sum_rule{}, s.sequences...)};
  }
};

template <class T, class Space>
struct batch_count_body {
  using compute_type = T;
  static constexpr bool rows_in_lanes = false;

  row_layout<Space> rows;
  mask_cells<T, Space> mask;

  template <class Team>
  COHORT_HOST_DEVICE batch_count<double> operator()(Team const& team, index_t r) const {
    index_t const n = rows.length(r);
    auto const row = mask.row(rows, r);
    double tokens = static_cast<double>(n);
    if (row.kind != mask_kind::absent)
      tokens =
          team.template reduce<sum_of>(n, large<true>(
                                              [row]<class L>(L at, index_t c) COHORT_FLAT {
                                                using V = typename L::type;
                                                return sum_of<V>{lane_select(load_mask<T>(at, row, c), V(1), V(0))};
                                              },
                                              is_run(row)))
              .sum;
    return {tokens, tokens > 0 ? 1.0 : 0.0};
  }
};

struct normalizer_workspace {
  batch_count<double>* count = nullptr;
};

inline normalizer_workspace lay_out(workspace_layout& memory, normalizer const& by) {
  if (by.count.kind != count_kind::own) return {};
  return {memory.take<batch_count<double>>(1)};
}

/// The normaliser with its count known: where it is the call's own, the batch is counted into the workspace first.
template <class T, class Context, class Rows, class Mask>
COHORT_HIDDEN normalizer counted(Context& context, Rows const& rows, Mask const& mask, normalizer by,
                                 normalizer_workspace const& memory) {
  auto* const count = memory.count;
  if (!count) return by;
  context.template for_each_row<batch_count>(rows, batch_count_body<T, typename Context::memory_space>{rows, mask},
                                             count);
  by.count.kind = count_kind::float64;
  by.count.data = by.kind == normalizer_kind::tokens ? &count->tokens : &count->sequences;
  return by;
}
/// The same where the workspace holds nothing else.
template <class T, class Context, class Rows, class Mask>
COHORT_HIDDEN normalizer counted(Context& context, Rows const& rows, Mask const& mask, normalizer by) {
  workspace_layout memory(context.scratch().data);
  return counted<T>(context, rows, mask, by, lay_out(memory, by));
}

/// The weight of each token of a sequence; 0 where the call's type cannot hold it, which is reported as a normaliser
/// that is not positive.
template <class T>
COHORT_HOST_DEVICE double token_weight(normalizer const& by, double row_tokens) {
  double const weight = by.weight(row_tokens);
  return weight <= largest<T> ? weight : 0;
}

COHORT_APART constexpr status check_normalizer(checker const& check, normalizer const& by) {
  if (!(by.count.factor > 0 && by.count.factor < infinity))
    return check.parameter(false, "normalizer", "a count is multiplied by a finite positive number", by.count.factor);
  double const count = by.count.number;
  if (by.count.kind != count_kind::number || (count >= 0 && count < infinity)) return {};
  return check.differs(error_code::bad_normalizer, "normalizer", "a count is finite and not negative", count, 0);
}

} // namespace detail

COHORT_NAMESPACE_END
