// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// emulated_block_context: a block of 256 device threads played on the host, in the device's order. For tests of bodies
/// without a GPU: thread t takes cells t, t + 256, ...; partials fold in a binary tree; scans go by tiles from the end.
#pragma once

#include <utility>

#include <cohort/backend/detail/plain_context.hpp>
#include <cohort/core/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class S, int Threads>
struct block_team : unstaged_team {
  using uniform = double;

  template <class F>
  void once(F f) const {
    f();
  }

  template <template <class> class A, class F>
  A<double> reduce(index_t n, F f) const {
    A<double> partial[Threads];
    for (int t = 0; t < Threads; ++t)
      for (index_t c = t; c < n; c += Threads) partial[t] = merge(partial[t], fold(f(lane<S, true>{1}, c)));
    for (int half = Threads / 2; half > 0; half /= 2)
      for (int t = 0; t < half; ++t) partial[t] = merge(partial[t], partial[t + half]);
    return partial[0];
  }

  template <class F>
  void for_each(index_t n, F f) const {
    for (index_t c = 0; c < n; ++c) f(lane<S, true>{1}, c);
  }

  template <template <class> class E, class F, class G>
  void scan_reverse(index_t n, F f, G g) const {
    E<S> carry;
    for (index_t end = n; end > 0; end -= Threads) {
      index_t const first = end > Threads ? end - Threads : 0;
      int const count = static_cast<int>(end - first);
      E<S> state[Threads];
      for (int t = 0; t < count; ++t) state[t] = f(lane<S, true>{1}, first + t);
      scan_tile(state, count);
      for (int t = 0; t < count; ++t) g(lane<S, true>{1}, first + t, compose(state[t], carry));
      carry = compose(state[0], carry);
    }
  }

private:
  /// Hillis and Steele, as the warps would.
  template <class E>
  static void scan_tile(E (&state)[Threads], int count) {
    for (int step = 1; step < count; step *= 2) {
      E next[Threads];
      for (int t = 0; t < count; ++t) next[t] = t + step < count ? compose(state[t], state[t + step]) : state[t];
      for (int t = 0; t < count; ++t) state[t] = next[t];
    }
  }
};

template <class S>
struct emulated_team : block_team<S, 256> {};

} // namespace detail

using emulated_block_context = detail::plain_context<detail::emulated_team>;

static_assert(team<detail::emulated_team<float>> && execution_context<emulated_block_context>);
static_assert(multiplying_context<emulated_block_context, float> &&
              multiplying_context<emulated_block_context, double>);

COHORT_NAMESPACE_END
