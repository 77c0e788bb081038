// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The log ratio of tokens and of their sequence: what importance_ratio writes and policy_loss uses.
#pragma once

#include <cohort/core/mask.hpp>
#include <cohort/core/team.hpp>
#include <cohort/formula/log_ratio_bounds.hpp>
#include <cohort/objective/ratio_level.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Two policies at some tokens; 0 where a token is not valid: select before arithmetic.
template <class V>
struct token_pair {
  decltype(lane_traits<V>::all()) valid;
  decltype(lane_traits<V>::all()) usable; ///< valid, and the ratio is defined
  V log_prob;
  V log_ratio;
};

/// What must be known of a sequence before its first gradient: its valid tokens, which a denominator counts, the usable
/// ones among them, and the sum of their log ratios.
template <class V>
struct sequence_sums {
  V valid = V(0);
  V usable = V(0);
  V log_ratio = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return sequence_sums<field_t<F, sum_rule, decltype(s.valid)...>>{
        f(sum_rule{}, s.valid...), f(sum_rule{}, s.usable...), f(sum_rule{}, s.log_ratio...)};
  }

  /// The log ratio of the whole sequence; 0 where no token of it is usable.
  [[nodiscard]] COHORT_HOST_DEVICE double whole(ratio_level level) const {
    if (!(usable > 0)) return 0;
    return level == ratio_level::sequence_product ? log_ratio : log_ratio / usable;
  }
};

/// The ratio that a token is given: its own or its sequence's, held between bounds.
template <class V>
struct applied_ratio {
  V raw; ///< the log ratio before the bounds
  V log_ratio;
  V ratio;
};
struct ratio_rule {
  ratio_level level;
  log_ratio_bounds bounds;

  template <class V>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE applied_ratio<V> operator()(V own, double sequence) const {
    V const raw = level == ratio_level::token ? own : V(sequence);
    V const log_ratio = bounds.given() ? bounds.held(raw) : raw;
    return {raw, log_ratio, lane_exp(log_ratio)};
  }
};

/// The log-probs of one sequence under two policies, opened.
template <class T>
struct token_pairs {
  line<T const> log_prob, old_log_prob;
  mask_line mask;

  template <class L>
  COHORT_HOST_DEVICE COHORT_INLINE auto read(L at, index_t c) const {
    using V = typename L::type;
    auto const valid = load_mask<T>(at, mask, c);
    V const zero(0);
    V const now = lane_select(valid, load(at, log_prob, c), zero);
    V const old = lane_select(valid, load(at, old_log_prob, c), zero);
    V const log_ratio = now - old;
    // A log-prob of -inf is a ratio of 0; +inf, NaN and an old one that is not finite leave the ratio undefined.
    auto const usable = lane_and(valid, lane_and(log_ratio < V(infinity), old < V(infinity)));
    return token_pair<V>{valid, usable, now, log_ratio};
  }

  [[nodiscard]] COHORT_HOST_DEVICE bool runs() const {
    return is_run(log_prob) && is_run(old_log_prob) && is_run(mask);
  }
  /// `runs`: whether the team is told that all lines are; without MayRun never.
  template <bool MayRun, class Team>
  COHORT_HOST_DEVICE sequence_sums<double> sums(Team const& team, index_t n, bool runs) const {
    auto const counts = [x = *this]<class L>(L at, index_t c) COHORT_FLAT {
      using V = typename L::type;
      auto const token = x.read(at, c);
      return sequence_sums<V>{lane_select(token.valid, V(1), V(0)), lane_select(token.usable, V(1), V(0)),
                              lane_select(token.usable, token.log_ratio, V(0))};
    };
    return team.template reduce<sequence_sums>(n, large<MayRun>(counts, runs));
  }
};

} // namespace detail

COHORT_NAMESPACE_END
