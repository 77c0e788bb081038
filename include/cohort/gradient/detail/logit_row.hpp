// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One row of logits, opened: its classes follow one another, and some may not be allowed. For more than one look it is
/// staged, and its gradient is written to a staged line; a single class is read before that, from the row as opened.
#pragma once

#include <cohort/core/team.hpp>
#include <cohort/core/vocabulary_mask.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// A class that is not allowed reads as -inf. Where there is no mask (Masked false) nothing is tested inside a loop; where
/// there may be one, whether there is.
template <class L, bool Masked>
struct logit_row {
  L const* logits;
  std::uint32_t const* allowed = nullptr;

  template <class At>
  COHORT_HOST_DEVICE COHORT_INLINE typename At::type operator()(At at, index_t c) const {
    using V = typename At::type;
    V const x = lane_traits<V>::load(logits + c, 1, at.count);
    if constexpr (Masked)
      if (allowed) return lane_select(lane_traits<V>::bits(word(c)), x, V(-infinity));
    return x;
  }
  /// The same on the first look at a row, which comes from memory: asks for what the loop touches 8 KB later.
  template <class At>
  COHORT_HOST_DEVICE COHORT_INLINE typename At::type first_look(At at, index_t c) const {
    ask_ahead<typename At::type>(c);
    return (*this)(at, c);
  }
  /// Whether a token is one of so many classes, and not left out: else it has no log-prob. One whose logit is -inf has.
  [[nodiscard]] COHORT_HOST_DEVICE bool has(index_t id, index_t classes) const {
    return id >= 0 && id < classes && allows(id);
  }
  /// One class, in double.
  [[nodiscard]] COHORT_HOST_DEVICE double at(index_t c) const {
    return allows(c) ? widen<double>(logits + c) : -infinity;
  }

private:
  [[nodiscard]] COHORT_HOST_DEVICE bool allows([[maybe_unused]] index_t c) const {
    if constexpr (Masked)
      if (allowed) return lane_traits<float>::bits(word(c));
    return true;
  }
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE void ask_ahead(index_t c) const {
    constexpr index_t line = 64, bytes = static_cast<index_t>(sizeof(L)) * lane_traits<V>::size;
    for (index_t byte = 0; byte < bytes; byte += line)
      prefetch<0, 8192>(reinterpret_cast<char const*>(logits + c) + byte);
  }
  /// The bits from class c on: a pack starts at a multiple of its lanes, so they stand in one word.
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE std::uint32_t word(index_t c) const {
    return allowed[c / 32] >> (c % 32);
  }
};

/// The same row for collectives, of `width` classes and padding.
template <class Team, class L, bool Masked>
COHORT_HOST_DEVICE logit_row<L, Masked> staged(Team const& team, logit_row<L, Masked> const& row, index_t width) {
  return {team.stage(0, line<L const>{row.logits, 1}, width).p, row.allowed};
}

} // namespace detail

COHORT_NAMESPACE_END
