// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a reduction gathers: a struct of fields, each with the rule by which two values of it become one.
///
///   template <class V> struct loss_and_peak {
///     V loss = V(0), peak = V(-infinity);                       // the identity, exactly
///     template <class F, class... S> static auto zip(F f, S const&... s) {
///       return loss_and_peak<field_t<F, sum_rule, decltype(s.loss)...>>{f(sum_rule{}, s.loss...),
///                                                                      f(maximum_rule{}, s.peak...)};
///     }
///   };
///
/// From `zip` follow merge (two of them), fold (over the lanes) and head (some lanes only).
#pragma once

#include <concepts>
#include <type_traits>

#include <cohort/core/lane.hpp>

COHORT_NAMESPACE_BEGIN

struct sum_rule {
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE V operator()(V a, V b) const {
    return a + b;
  }
};
struct minimum_rule {
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE V operator()(V a, V b) const {
    return lane_min(a, b);
  }
};
struct maximum_rule {
  template <class V>
  COHORT_HOST_DEVICE COHORT_INLINE V operator()(V a, V b) const {
    return lane_max(a, b);
  }
};

/// The lane type that an application of f to one field gives.
template <class F, class Rule, class... Field>
using field_t = std::remove_cvref_t<std::invoke_result_t<F, Rule, std::remove_cvref_t<Field>...>>;

/// The lanes of x as one value by the rule, and the first `count` of them with the rest from elsewhere.
template <std::floating_point S, class Rule>
COHORT_HOST_DEVICE double lane_fold(Rule, S x) {
  return static_cast<double>(x);
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_head(int count, S x, S rest) {
  return count > 0 ? x : rest;
}

namespace detail {

struct merge_fields {
  template <class Rule, class V>
  COHORT_HOST_DEVICE COHORT_INLINE V operator()(Rule rule, V a, V b) const {
    return rule(a, b);
  }
};
struct fold_fields {
  template <class Rule, class V>
  COHORT_HOST_DEVICE COHORT_INLINE double operator()(Rule rule, V x) const {
    return lane_fold(rule, x);
  }
};
struct in_double_fields {
  template <class Rule, class V>
  COHORT_HOST_DEVICE COHORT_INLINE wide<V> operator()(Rule, V x) const {
    return lane_cast<wide<V>>(x);
  }
};
struct head_fields {
  int count;
  template <class Rule, class V>
  COHORT_HOST_DEVICE COHORT_INLINE V operator()(Rule, V x, V identity) const {
    return lane_head(count, x, identity);
  }
};

} // namespace detail

template <class X>
concept accumulated = std::default_initializable<X> && requires(X const& a) {
  X::zip(detail::merge_fields{}, a, a);
};

/// A is an accumulator: A<V> of any lane type V is default-constructed as the identity and lists its fields by zip.
template <template <class> class A>
concept accumulator = accumulated<A<float>> && accumulated<A<double>>;

/// Field by field, by each field's rule.
template <accumulated X>
COHORT_HOST_DEVICE COHORT_INLINE X merge(X const& a, X const& b) {
  return X::zip(detail::merge_fields{}, a, b);
}
/// Over the lanes, in double: a fixed tree.
template <accumulated X>
COHORT_HOST_DEVICE COHORT_INLINE auto fold(X const& a) {
  return X::zip(detail::fold_fields{}, a);
}
/// The same lanes in double.
template <accumulated X>
COHORT_HOST_DEVICE COHORT_INLINE auto in_double(X const& a) {
  return X::zip(detail::in_double_fields{}, a);
}
/// The first `count` lanes; the identity in the others.
template <accumulated X>
COHORT_HOST_DEVICE COHORT_INLINE X head(int count, X const& a) {
  return X::zip(detail::head_fields{count}, a, X{});
}

// The small accumulators that bodies share. -------------------------------------------------------------------------

template <class V>
struct sum_of {
  V sum = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return sum_of<field_t<F, sum_rule, decltype(s.sum)...>>{f(sum_rule{}, s.sum...)};
  }
};

/// Of fewer cells than a team has threads: `few` says so, and a thread takes one at a time.
template <class V>
struct sum_of_few {
  static constexpr bool few = true;
  V sum = V(0);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return sum_of_few<field_t<F, sum_rule, decltype(s.sum)...>>{f(sum_rule{}, s.sum...)};
  }
};

template <class V>
struct maximum_of {
  V high = V(-infinity);
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F f, S const&... s) {
    return maximum_of<field_t<F, maximum_rule, decltype(s.high)...>>{f(maximum_rule{}, s.high...)};
  }
};

/// Nothing to gather: bodies that only write.
template <class V>
struct nothing {
  constexpr nothing() = default;
  template <class U>
  COHORT_HOST_DEVICE constexpr nothing(nothing<U> const&) {}
  template <class F, class... S>
  COHORT_HOST_DEVICE COHORT_INLINE static auto zip(F, S const&...) {
    return nothing<double>{};
  }
};

COHORT_NAMESPACE_END
