// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The lane: what a formula computes in. A scalar on the device and in the reference, a pack on Eigen, a dual number in
/// tests. A formula uses + - * /, comparisons and the words below; no `if` on a lane, no `std::`.
///
///   lane_exp lane_log lane_sqrt lane_abs lane_fma lane_min lane_max lane_clamp lane_select lane_cast
///   lane_multiply (a product rounded before it meets a sum, in every build)   lane_and lane_or lane_not lane_any
///
/// Loads and stores have only a pointer, so they go through the class template `lane_traits<V>`.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>

#include <cohort/core/numeric.hpp>

COHORT_NAMESPACE_BEGIN

/// Which elements one call of a functor covers: `count` of them, from column c of row r along the row (in_row), or the
/// column c of `count` rows from r on (one row per lane).
template <class V, bool InRow>
struct lane {
  using type = V;
  static constexpr bool in_row = InRow;
  int count;
};

/// Per lane type: scalar, size, of<T>, all(), iota(), bits, load, store, store_normal (results too small
/// to be normal numbers may become 0), gather, scatter.
template <class V>
struct lane_traits;

/// As many elements along the row as V has lanes, where every line of the row is a run: loads and stores test nothing.
template <class V>
struct run_lane {
  using type = V;
  static constexpr bool in_row = true;
  static constexpr int count = lane_traits<V>::size;
};

/// The cells along the row that no run_lane covers: a tail, a strided row, a mask of wide elements. Loads and stores are
/// calls.
template <class V>
struct rest_lane {
  using type = V;
  static constexpr bool in_row = true;
  int count;
};

/// The lane type of as many T as V has lanes.
template <class V, class T>
using lane_of = typename lane_traits<V>::template of<T>;
/// The lane type of as many doubles: statistics and positions.
template <class V>
using wide = lane_of<V, double>;

template <std::floating_point S>
struct lane_traits<S> {
  using scalar = S;
  static constexpr int size = 1;
  template <class T>
  using of = T;
  COHORT_HOST_DEVICE static constexpr bool all() { return true; }
  COHORT_HOST_DEVICE static constexpr S iota() { return S(0); }
  COHORT_HOST_DEVICE static constexpr bool bits(std::uint32_t word) { return (word & 1U) != 0; }
  template <class T>
  COHORT_HOST_DEVICE static S load(T const* p, index_t, int) {
    return detail::widen<S>(p);
  }
  template <class T>
  COHORT_HOST_DEVICE static void store(T* p, index_t, int, S value) {
    detail::narrow(p, value);
  }
  template <class T>
  COHORT_HOST_DEVICE static void store_normal(T* p, int, S value) {
    detail::narrow(p, value);
  }
  template <class T>
  COHORT_HOST_DEVICE static S gather(T const* p, index_t step, index_t const* order, int) {
    return detail::widen<S>(p + *order * step);
  }
  template <class T>
  COHORT_HOST_DEVICE static void scatter(T* p, index_t step, index_t const* order, int, S value) {
    detail::narrow(p + *order * step, value);
  }
};

// The words over scalars. ------------------------------------------------------------------------------------------

template <class To, std::floating_point S>
COHORT_HOST_DEVICE constexpr To lane_cast(S x) {
  return static_cast<To>(x);
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_exp(S x) {
  return std::exp(x);
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_log(S x) {
  return std::log(x);
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_sqrt(S x) {
  return std::sqrt(x);
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_abs(S x) {
  return std::fabs(x);
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_fma(S a, S b, S c) {
  return std::fma(a, b, c);
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_min(S a, S b) {
  return b < a ? b : a;
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_max(S a, S b) {
  return a < b ? b : a;
}
template <std::floating_point S>
COHORT_HOST_DEVICE S lane_select(bool mask, S a, S b) {
  return mask ? a : b;
}
COHORT_HOST_DEVICE constexpr bool lane_and(bool a, bool b) { return a && b; }
COHORT_HOST_DEVICE constexpr bool lane_or(bool a, bool b) { return a || b; }
COHORT_HOST_DEVICE constexpr bool lane_not(bool a) { return !a; }
COHORT_HOST_DEVICE constexpr bool lane_any(bool a) { return a; }

/// a * b, rounded. A compiler may contract a plain product into a later sum, differently in each copy of a loop.
template <std::floating_point S>
COHORT_HOST_DEVICE COHORT_INLINE S lane_multiply(S a, S b) {
#if defined(__CUDA_ARCH__)
  if constexpr (sizeof(S) == 4)
    return __fmul_rn(a, b);
  else
    return __dmul_rn(a, b);
#else
  S product = a * b;
#if defined(__x86_64__)
  __asm__("" : "+x"(product));
#elif defined(__aarch64__)
  __asm__("" : "+w"(product));
#endif
  return product;
#endif
}

/// low <= result <= high; a NaN stays or becomes a bound, so test for it first where that matters.
template <class V>
COHORT_HOST_DEVICE COHORT_INLINE V lane_clamp(V x, V low, V high) {
  return lane_min(lane_max(x, low), high);
}

/// Whether x is neither infinite nor NaN.
template <class V>
COHORT_HOST_DEVICE COHORT_INLINE auto lane_is_finite(V x) {
  return lane_abs(x) < V(infinity);
}

COHORT_NAMESPACE_END
