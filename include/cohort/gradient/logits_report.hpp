// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the logits and head tiers report: the policy's sums, and those of whole distributions.
#pragma once

#include <cohort/objective/loss_report.hpp>

COHORT_SHARED_BEGIN

/// Sums over the tokens of one call whose rows were read. `merge(a, b)` adds micro-batches.
template <class V>
struct basic_logits_sums {
  basic_loss_sums<V> policy{};    ///< surrogate and penalty, as policy_loss sums them
  V bonus = V(0);                 ///< what entropy and distribution KL add to the loss, normalised already
  V rows = V(0);                  ///< rows whose distribution was looked at for the next two
  V entropy = V(0);               ///< sum over those rows, where it is asked for
  V distribution_kl = V(0);       ///< likewise
  V skipped = V(0);               ///< valid tokens whose gradient was known to be 0: their rows were not read
  V rows_without_gradient = V(0); ///< rows read whose gradient turned out to be 0

  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    constexpr sum_rule sum{};
    return basic_logits_sums<field_t<F, sum_rule, decltype(s.bonus)...>>{basic_loss_sums<V>::zip(f, s.policy...),
                                                                         f(sum, s.bonus...),
                                                                         f(sum, s.rows...),
                                                                         f(sum, s.entropy...),
                                                                         f(sum, s.distribution_kl...),
                                                                         f(sum, s.skipped...),
                                                                         f(sum, s.rows_without_gradient...)};
  }
};
using logits_sums = basic_logits_sums<double>;

/// Of these, what the rows themselves report.
template <class V>
struct basic_row_terms {
  V bonus = V(0), rows = V(0), entropy = V(0), distribution_kl = V(0), rows_without_gradient = V(0);

  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    constexpr sum_rule sum{};
    return basic_row_terms<field_t<F, sum_rule, decltype(s.bonus)...>>{
        f(sum, s.bonus...), f(sum, s.rows...), f(sum, s.entropy...), f(sum, s.distribution_kl...),
        f(sum, s.rows_without_gradient...)};
  }
};
using row_terms = basic_row_terms<double>;

COHORT_HOST_DEVICE COHORT_INLINE logits_sums merge(logits_sums a, row_terms const& b) {
  a.bonus += b.bonus;
  a.rows += b.rows;
  a.entropy += b.entropy;
  a.distribution_kl += b.distribution_kl;
  a.rows_without_gradient += b.rows_without_gradient;
  return a;
}

struct logits_report {
  loss_report policy;                ///< over the tokens whose rows were read
  double loss = 0;                   ///< everything: policy.loss - entropy bonus + distribution KL
  double entropy = 0;                ///< mean over the rows read; 0 unless a bonus or an output asks for it
  double distribution_kl = 0;        ///< mean over the rows read, without beta
  index_t skipped = 0;               ///< valid tokens whose rows were not read
  index_t rows_without_gradient = 0; ///< read, and nothing to write: clipped
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

[[nodiscard]] inline logits_report report_of(logits_sums const& s) {
  double const share = s.rows > 0 ? 1 / s.rows : 0;
  loss_report const policy = report_of(s.policy);
  return {.policy = policy,
          .loss = policy.loss + s.bonus,
          .entropy = s.entropy * share,
          .distribution_kl = s.distribution_kl * share,
          .skipped = static_cast<index_t>(s.skipped),
          .rows_without_gradient = static_cast<index_t>(s.rows_without_gradient)};
}

[[nodiscard]] inline status check_data(logits_sums const& s) noexcept { return check_data(s.policy); }

COHORT_NAMESPACE_END
