// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The normalisation of one row of logits, with the row read once.
///
/// A row is taken in chunks that stay in the first cache, so that memory never waits for arithmetic; they merge in double,
/// in their order. A chunk is shifted by the largest logit before it, and looked at again in the rare case that it holds
/// a larger one by more than 1. Where the exponentials replace the logits there is no second look: then the maximum of a
/// chunk is searched for while the chunk before is exponentiated.
///
/// Source  Milakov and Gimelshein 2018, "Online normalizer calculation for softmax" (arXiv 1805.02867).
#pragma once

#include <cohort/core/team.hpp>
#include <cohort/gradient/detail/logit_row.hpp>
#include <cohort/gradient/detail/row_exponential.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// What else is gathered beside the sum: nothing, what an entropy needs, or the squares too.
enum class softmax_moments : int { none, entropy, squares };

/// With d = (logit - high) / temperature and e = exp(d): high, sum e, sum e d (in units of the temperature), sum e^2.
struct row_softmax {
  double high = -infinity;
  double sum = 0;
  double moment = 0;
  double squares = 0;
  double inverse_temperature = 1;

  /// False for a row without a finite logit, with +inf or with NaN.
  [[nodiscard]] COHORT_HOST_DEVICE bool usable() const {
    return high > -infinity && high < infinity && sum > 0 && sum < infinity;
  }
  [[nodiscard]] COHORT_HOST_DEVICE double log_prob(double logit) const {
    return (logit - high) * inverse_temperature - lane_log(sum);
  }
  [[nodiscard]] COHORT_HOST_DEVICE double log_sum_exp() const { return high * inverse_temperature + lane_log(sum); }
  [[nodiscard]] COHORT_HOST_DEVICE double entropy() const { return lane_log(sum) - moment * inverse_temperature / sum; }
  [[nodiscard]] COHORT_HOST_DEVICE double sum_of_squares() const { return squares / (sum * sum); }
};

/// The sums of a chunk, and the maximum of the next.
template <class V>
struct chunk_sums {
  V sum = V(0);
  V next = V(-infinity);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return chunk_sums<field_t<F, sum_rule, decltype(s.sum)...>>{f(sum_rule{}, s.sum...), f(maximum_rule{}, s.next...)};
  }
};
template <class V>
struct chunk_moments {
  V sum = V(0), next = V(-infinity), moment = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return chunk_moments<field_t<F, sum_rule, decltype(s.sum)...>>{
        f(sum_rule{}, s.sum...), f(maximum_rule{}, s.next...), f(sum_rule{}, s.moment...)};
  }
};
template <class V>
struct chunk_squares {
  V sum = V(0), next = V(-infinity), moment = V(0), squares = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return chunk_squares<field_t<F, sum_rule, decltype(s.sum)...>>{
        f(sum_rule{}, s.sum...), f(maximum_rule{}, s.next...), f(sum_rule{}, s.moment...), f(sum_rule{}, s.squares...)};
  }
};

/// Chunk k of a row of n classes: `count` of them from `first` on.
struct row_chunk {
  index_t first, count;
};
struct row_chunks {
  index_t n, chunk;
  [[nodiscard]] COHORT_HOST_DEVICE index_t count() const { return (n + chunk - 1) / chunk; }
  [[nodiscard]] COHORT_HOST_DEVICE row_chunk operator[](index_t k) const {
    index_t const first = k * chunk;
    return {first, chunk < n - first ? chunk : n - first};
  }
};

/// What is done with each exponential: nothing, or kept in place of the gradient for the second look.
struct no_stash {
  template <class At, class V>
  COHORT_HOST_DEVICE COHORT_INLINE void operator()(At, index_t, V) const {}
};
template <class L>
struct stash_in {
  L* out;
  double* shifts; ///< by which each chunk was shifted
  template <class At, class V>
  COHORT_HOST_DEVICE COHORT_INLINE void operator()(At at, index_t c, V e) const {
    lane_traits<V>::store(out + c, 1, at.count, e);
  }
};

template <class Team, class Row>
COHORT_HOST_DEVICE double maximum_in(Team const& team, Row row, row_chunk at_chunk) {
  return team
      .template reduce<maximum_of>(at_chunk.count,
                                   [=]<class At>(At at, index_t c) COHORT_FLAT {
                                     return maximum_of<typename At::type>{row(at, at_chunk.first + c)};
                                   })
      .high;
}

/// One chunk shifted by `shift`: A is chunk_sums, chunk_moments or chunk_squares. `next` is the maximum of the cells
/// `ahead` of these.
template <template <class> class A, class Team, class Row, class Stash>
COHORT_HOST_DEVICE auto exponentials_in(Team const& team, Row row, Stash stash, row_chunk chunk, index_t ahead,
                                        double shift, double inverse_temperature) {
  return team.template reduce<A>(
      chunk.count, interleaved([=]<class At>(At at, index_t c) COHORT_FLAT {
        using V = typename At::type;
        V const x = ahead == 0 ? row.first_look(at, chunk.first + c) : row(at, chunk.first + c), d = x - V(shift);
        V const e = row_exponential<V, exponential_for::compute_type>(inverse_temperature)(d);
        A<V> s;
        s.sum = e;
        s.next = ahead == 0 ? x : row.first_look(at, chunk.first + c + ahead);
        if constexpr (requires { s.moment; }) s.moment = lane_select(V(0) < e, lane_multiply(e, d), V(0));
        if constexpr (requires { s.squares; }) s.squares = lane_multiply(e, e);
        stash(at, chunk.first + c, e);
        return s;
      }));
}

/// Adds a chunk with the maximum `own` whose exponentials were shifted by `shift`. One of -inf alone says nothing.
template <class Sums>
COHORT_APART COHORT_HOST_DEVICE void add_chunk(row_softmax& s, Sums const& chunk, double own, double shift) {
  if (!(own > -infinity) && chunk.sum == 0) return;
  double const high = s.high < shift ? shift : s.high, inverse = s.inverse_temperature;
  double const before = s.high == high ? 1 : lane_exp((s.high - high) * inverse);
  double const now = shift == high ? 1 : lane_exp((shift - high) * inverse);
  if constexpr (requires { chunk.moment; }) {
    double const kept = before > 0 ? before * (s.moment + (s.high - high) * s.sum) : 0;
    s.moment = kept + (now > 0 ? now * (chunk.moment + (shift - high) * chunk.sum) : 0);
  }
  if constexpr (requires { chunk.squares; }) s.squares = s.squares * before * before + chunk.squares * now * now;
  s.sum = s.sum * before + chunk.sum * now;
  s.high = high;
}

/// The shift of a chunk: the largest logit before it, or its own maximum where that is larger by more than 1 after the
/// temperature; more would cost an entropy its digits. A chunk of -inf alone gives zeros: shifted by itself, NaN.
COHORT_HOST_DEVICE constexpr double shift_of(double before, double own, double inverse_temperature) {
  constexpr double may_exceed = 1;
  if ((own - before) * inverse_temperature > may_exceed) return own;
  return before > -infinity ? before : 0;
}

/// The shift is guessed; where the chunk turns out to need another one it is looked at again.
template <template <class> class A, class Team, class Row>
COHORT_APART COHORT_HOST_DEVICE row_softmax softmax_with(Team const& team, Row row, no_stash none, index_t n,
                                                         double inverse_temperature) {
  row_softmax s{.inverse_temperature = inverse_temperature};
  row_chunks const chunks{n, team.chunk(n)};
  double high = maximum_in(team, row, chunks[0]);
  for (index_t k = 0; k < chunks.count(); ++k) {
    double const guess = shift_of(high, high, inverse_temperature);
    auto sums = exponentials_in<A>(team, row, none, chunks[k], 0, guess, inverse_temperature);
    double const own = sums.next, shift = shift_of(high, own, inverse_temperature);
    if (shift != guess) sums = exponentials_in<A>(team, row, none, chunks[k], 0, shift, inverse_temperature);
    add_chunk(s, sums, own, shift);
    if (high < own) high = own;
  }
  return s;
}

/// The shift is known: the maximum was looked for a chunk ahead. The same bits.
template <template <class> class A, class Team, class Row, class L>
COHORT_APART COHORT_HOST_DEVICE row_softmax softmax_with(Team const& team, Row row, stash_in<L> stash, index_t n,
                                                         double inverse_temperature) {
  row_softmax s{.inverse_temperature = inverse_temperature};
  row_chunks const chunks{n, team.chunk(n)};
  double own = maximum_in(team, row, chunks[0]), high = own;
  for (index_t k = 0; k < chunks.count(); ++k) {
    bool const more = k + 1 < chunks.count(), ahead = more && chunks[k + 1].count == chunks[k].count;
    double const shift = shift_of(high, own, inverse_temperature);
    auto const sums =
        exponentials_in<A>(team, row, stash, chunks[k], ahead ? chunks.chunk : 0, shift, inverse_temperature);
    stash.shifts[k] = own > -infinity ? shift : -infinity;
    add_chunk(s, sums, own, shift);
    if (high < own) high = own;
    if (more) own = ahead ? sums.next : maximum_in(team, row, chunks[k + 1]);
  }
  return s;
}

/// One read of the row.
template <softmax_moments Moments, class Team, class Row, class Stash>
COHORT_HOST_DEVICE row_softmax softmax_of(Team const& team, Row row, Stash stash, index_t n,
                                          double inverse_temperature) {
  if constexpr (Moments == softmax_moments::squares)
    return softmax_with<chunk_squares>(team, row, stash, n, inverse_temperature);
  else if constexpr (Moments == softmax_moments::entropy)
    return softmax_with<chunk_moments>(team, row, stash, n, inverse_temperature);
  else
    return softmax_with<chunk_sums>(team, row, stash, n, inverse_temperature);
}

} // namespace detail

COHORT_NAMESPACE_END
