// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The gradient of one row of logits. With z = logits / temperature, p = softmax(z), H the entropy and KL the
/// divergence from p to a reference q,
///
///   d log_prob / d z[v]    = 1[v == token] - p[v]
///   d log_sum_exp / d z[v] = p[v]
///   d H / d z[v]           = -p[v] (log p[v] + H)
///   d KL / d z[v]          = p[v] (log p[v] - log q[v] - KL)
///
/// so a row is one factor of p where only the first seed is given, and p times a line in log p and log q elsewhere.
/// A class of probability 0 has gradient 0, whatever its logits are.
#pragma once

#include <cohort/gradient/detail/row_softmax.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// d loss / d of what a row says.
struct row_seeds {
  double log_prob = 0;
  double log_sum_exp = 0;
  double entropy = 0;
  double divergence = 0;

  [[nodiscard]] COHORT_HOST_DEVICE bool none() const {
    return log_prob == 0 && log_sum_exp == 0 && entropy == 0 && divergence == 0;
  }
  [[nodiscard]] COHORT_HOST_DEVICE bool log_prob_alone() const {
    return log_sum_exp == 0 && entropy == 0 && divergence == 0;
  }
  [[nodiscard]] COHORT_HOST_DEVICE bool finite() const {
    return lane_is_finite(log_prob) && lane_is_finite(log_sum_exp) && lane_is_finite(entropy) &&
           lane_is_finite(divergence);
  }
};

/// Zeros, past the caches where the team can.
template <class Team, class L>
COHORT_APART COHORT_HOST_DEVICE void clear_row(Team const& team, L* out, index_t n) {
  if constexpr (requires { team.clear(out, n); })
    team.clear(out, n);
  else
    team.for_each(n, [=]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      lane_traits<V>::store(out + c, 1, at.count, V(0));
    });
}

/// Zeros in cells [first, width) of a line that is staged for `place`, or is that itself.
template <class Team, class L>
COHORT_APART COHORT_HOST_DEVICE void clear_padding(Team const& team, L* out, line<L> const& place, index_t first,
                                                   index_t width) {
  if (first == width) return;
  if (out == place.p) return clear_row(team, out + first, width - first);
  team.for_each(width, large([=]<class At>(At at, index_t c) COHORT_FLAT {
                  using V = typename At::type;
                  index_t const from = c < first ? first : c, end = c + at.count;
                  if (from < end) lane_traits<V>::store(out + from, 1, static_cast<int>(end - from), V(0));
                }));
}

/// For gradients in the type of the logits: 16 bits of them need no more digits than they keep.
template <class L>
inline constexpr exponential_for gradient_exponential = sizeof(L) == 2 ? exponential_for::sixteen_bits
                                                                       : exponential_for::compute_type;

/// The token's own element, of a row whose others are -seed * p. `out` may be staged, as in all that follows.
template <class Team, class L>
COHORT_HOST_DEVICE void write_token(Team const& team, L* out, index_t id, double seed, double log_prob) {
  team.at(id, [=] { narrow(out + id, seed * (1 - lane_exp(log_prob))); });
}

/// out[c] *= -seed * exp(shift - log-sum-exp), chunk by chunk: the exponentials were left there.
template <class Team, class L>
COHORT_APART COHORT_HOST_DEVICE void scale_stash(Team const& team, stash_in<L> stash, index_t n, row_softmax const& s,
                                                 double seed) {
  row_chunks const chunks{n, team.chunk(n)};
  for (index_t k = 0; k < chunks.count(); ++k) {
    double const factor = -seed * lane_exp((stash.shifts[k] - s.high) * s.inverse_temperature) / s.sum;
    L* const out = stash.out + chunks[k].first;
    team.for_each(chunks[k].count, [=]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      lane_traits<V>::store(out + c, 1, at.count, lane_traits<V>::load(out + c, 1, at.count) * V(factor));
    });
  }
}

/// out = -seed * p from the logits themselves. False where one was NaN or +inf.
template <class Team, class Row, class L>
COHORT_APART COHORT_HOST_DEVICE bool write_softmax(Team const& team, Row row, L* out, index_t n, row_softmax const& s,
                                                   double seed) {
  double const factor = -seed / s.sum, high = s.high, inverse = s.inverse_temperature;
  auto const sums = team.template reduce<sum_of>(n, interleaved([=]<class At>(At at, index_t c) COHORT_FLAT {
                                                   using V = typename At::type;
                                                   V const e = row_exponential<V, gradient_exponential<L>>(inverse)(
                                                       row.first_look(at, c) - V(high));
                                                   lane_traits<V>::store_normal(out + c, at.count, e * V(factor));
                                                   return sum_of<V>{e};
                                                 }));
  return lane_is_finite(sums.sum);
}

/// The line in log p and log q that p is multiplied by, and what is added to for the token: all of them by 1 / T.
struct row_line {
  double token, constant, by_log_prob, by_reference;

  COHORT_HOST_DEVICE row_line(row_seeds const& seed, double entropy, double divergence, double inverse_temperature)
      : token(seed.log_prob * inverse_temperature),
        constant((seed.log_sum_exp - seed.log_prob - seed.entropy * entropy - seed.divergence * divergence) *
                 inverse_temperature),
        by_log_prob((seed.divergence - seed.entropy) * inverse_temperature),
        by_reference(-seed.divergence * inverse_temperature) {}
};

/// The whole gradient, in place or not, added to what is there or not. `reference` is a row like `row`, or no_row.
struct no_row {};
template <class Team, class Row, class Reference, class L>
COHORT_APART COHORT_HOST_DEVICE void write_line(Team const& team, Row row, Reference reference, L* out, index_t n,
                                                row_softmax const& s, row_softmax const& q, row_line line, index_t id,
                                                bool accumulate) {
  double const share = 1 / s.sum, inverse = s.inverse_temperature, log_sum = lane_log(s.sum),
               log_sum_q = lane_log(q.sum);
  team.for_each(n, [=]<class At>(At at, index_t c) COHORT_FLAT {
    using V = typename At::type;
    V const d = row(at, c) - V(s.high), zero(0);
    V const e = row_exponential<V, exponential_for::compute_type>(inverse)(d);
    auto const possible = zero < e;
    V factor = V(line.constant) + V(line.by_log_prob) * lane_select(possible, d * V(inverse) - V(log_sum), zero);
    if constexpr (!std::same_as<Reference, no_row>) {
      V const log_q = (reference(at, c) - V(q.high)) * V(inverse) - V(log_sum_q);
      factor = factor + V(line.by_reference) * lane_select(possible, log_q, zero);
    }
    V g = e * V(share) * factor;
    g = lane_select(lane_traits<V>::iota() == V(static_cast<double>(id - c)), g + V(line.token), g);
    if (accumulate) g = g + lane_traits<V>::load(out + c, 1, at.count);
    lane_traits<V>::store(out + c, 1, at.count, g);
  });
}

/// KL(p || q) of two rows that are normalised already; infinite where q has not what p has.
template <class Team, class Row, class Reference>
COHORT_APART COHORT_HOST_DEVICE double divergence_of(Team const& team, Row row, Reference reference, index_t n,
                                                     row_softmax const& s, row_softmax const& q) {
  double const inverse = s.inverse_temperature, offset = lane_log(q.sum) - lane_log(s.sum);
  double const sum =
      team.template reduce<sum_of>(n, large(
                                          [=]<class At>(At at, index_t c) COHORT_FLAT {
                                            using V = typename At::type;
                                            V const d = row(at, c) - V(s.high), d_q = reference(at, c) - V(q.high);
                                            V const e = row_exponential<V, exponential_for::compute_type>(inverse)(d);
                                            V const log_ratio = (d - d_q) * V(inverse) + V(offset);
                                            return sum_of<V>{lane_select(V(0) < e, lane_multiply(e, log_ratio), V(0))};
                                          },
                                          true))
          .sum;
  return sum / s.sum;
}

} // namespace detail

COHORT_NAMESPACE_END
