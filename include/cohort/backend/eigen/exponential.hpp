// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// exp of one of Eigen's packets, without a table, a branch or a scalar tail: within 0.9 units of the last place with FMA,
/// 1.2 without.
///
///   x = n log 2 + r, |r| <= log(2) / 2;  exp(x) = 2^n (1 + r + r^2 q(r))
///
/// n is rounded by adding 1.5 * 2^(digits - 1), which leaves it in the last bits of the sum, and enters the result's
/// exponent by an integer addition. log 2 is two constants, the first short enough for an exact product with n. q is a
/// minimax polynomial of degree 4 (float) or 9 (double): 3.1e-9 and 3.6e-18 relative error before rounding. Written over
/// Eigen's packets and the compiler's vectors; AVX-512 scales and masks in one instruction.
///
/// Source  Cody and Waite 1980, "Software Manual for the Elementary Functions", chapter 6.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <Eigen/Core>

#include <cohort/core/numeric.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes" // packet types as template arguments
#endif

COHORT_NAMESPACE_BEGIN

namespace detail::packs {

template <class T>
struct exponential_constants;
template <>
struct exponential_constants<float> {
  using integer = std::uint32_t;
  static constexpr int fraction_bits = 23;
  static constexpr float lowest = -0x1.5d589ep+6F; ///< the last with a normal result
  static constexpr float highest = 0x1.62e42ep+6F; ///< the last with a finite one
  static constexpr float inverse_log_2 = 0x1.715476p+0F;
  static constexpr float log_2[] = {0x1.62e4p-1F, 0x1.7f7d1cp-20F};
  static constexpr float series[] = {
      0x1.6a2256p-10F, 0x1.123b02p-7F, 0x1.5558f8p-5F, 0x1.55549p-3F, 0x1.fffffcp-2F, 1, 1};
};
template <>
struct exponential_constants<double> {
  using integer = std::uint64_t;
  static constexpr int fraction_bits = 52;
  static constexpr double lowest = -0x1.6232bdd7abcd2p+9;
  static constexpr double highest = 0x1.62e42fefa39efp+9;
  static constexpr double inverse_log_2 = 0x1.71547652b82fep+0;
  static constexpr double log_2[] = {0x1.62e42feep-1, 0x1.a39ef35793c76p-33};
  static constexpr double series[] = {0x1.ad7f6f0799ee2p-26,
                                      0x1.28ad72cc30daap-22,
                                      0x1.71df2552390c2p-19,
                                      0x1.a0199a0c677acp-16,
                                      0x1.a01a012a57b51p-13,
                                      0x1.6c16c1842a11dp-10,
                                      0x1.1111111127be5p-7,
                                      0x1.555555555087cp-5,
                                      0x1.55555555554fap-3,
                                      0x1.000000000000ap-1,
                                      1,
                                      1};
};

/// The polynomial, from its highest term.
template <class T, class P, std::size_t... K>
COHORT_INLINE P exponential_series(P r, std::index_sequence<0, K...>) {
  using constants = exponential_constants<T>;
  P sum = Eigen::internal::pset1<P>(constants::series[0]);
  ((sum = Eigen::internal::pmadd(sum, r, Eigen::internal::pset1<P>(constants::series[K]))), ...);
  return sum;
}

/// x * 2^n, where the last bits of `rounded` are n and the result is a normal number.
template <class T, class P>
COHORT_INLINE P times_power_of_two(P x, P rounded) {
  using constants = exponential_constants<T>;
  typedef typename constants::integer vector __attribute__((vector_size(sizeof(P))));
  vector bits, exponent;
  std::memcpy(&bits, &x, sizeof x);
  std::memcpy(&exponent, &rounded, sizeof x);
  bits += exponent << constants::fraction_bits;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// x * 2^n where exp(of) is normal or infinite, 0 below, NaN for NaN.
template <class T, class P>
COHORT_INLINE P exponential_scaled(P x, [[maybe_unused]] P n, [[maybe_unused]] P rounded, P of) {
  namespace packet = Eigen::internal;
  using constants = exponential_constants<T>;
#if defined(EIGEN_VECTORIZE_AVX512)
  if constexpr (std::same_as<P, __m512>)
    return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(of, packet::pset1<P>(constants::lowest), _CMP_NLT_UQ), x, n);
  else if constexpr (std::same_as<P, __m512d>)
    return _mm512_maskz_scalef_pd(_mm512_cmp_pd_mask(of, packet::pset1<P>(constants::lowest), _CMP_NLT_UQ), x, n);
  else
#endif
  {
    P const beyond = packet::padd(of, packet::pset1<P>(static_cast<T>(infinity))); // infinity or NaN
    P const inner = packet::pcmp_le(of, packet::pset1<P>(constants::highest));
    P const bounded = packet::pselect(inner, times_power_of_two<T>(x, rounded), beyond);
    return packet::pandnot(bounded, packet::pcmp_lt(of, packet::pset1<P>(constants::lowest)));
  }
}

/// x, no larger than what overflows in any case: only where the scaling itself overflows to infinity.
template <class T, class P>
COHORT_INLINE P exponential_argument(P x) {
#if defined(EIGEN_VECTORIZE_AVX512)
  P const large = Eigen::internal::pset1<P>(2 * exponential_constants<T>::highest); // the first, so that NaN passes
  if constexpr (std::same_as<P, __m512>) return _mm512_min_ps(large, x);
  if constexpr (std::same_as<P, __m512d>) return _mm512_min_pd(large, x);
#endif
  return x;
}

/// exp(x): exactly 0 below the smallest normal result (so for -inf), infinity above the largest finite one, NaN for NaN,
/// exactly 1 for 0. The same bits in every lane.
template <class T, class P>
COHORT_INLINE P exponential(P x) {
  namespace packet = Eigen::internal;
  using constants = exponential_constants<T>;
  constexpr T magic =
      static_cast<T>(3) * static_cast<T>(typename constants::integer{1} << (constants::fraction_bits - 1));
  constexpr std::size_t terms = sizeof(constants::series) / sizeof(T);
  P const of = exponential_argument<T>(x);
  P const rounded = packet::pmadd(of, packet::pset1<P>(constants::inverse_log_2), packet::pset1<P>(magic));
  P const n = packet::psub(rounded, packet::pset1<P>(magic));
  P const most = packet::pmadd(n, packet::pset1<P>(-constants::log_2[0]), of);
  P const r = packet::pmadd(n, packet::pset1<P>(-constants::log_2[1]), most);
  return exponential_scaled<T>(exponential_series<T>(r, std::make_index_sequence<terms>{}), n, rounded, x);
}

/// The coefficients of 2^f, from the highest power down: the smallest relative error of their degree on [-1/2, 1/2] or on
/// [0, 1), and exactly 1 at 0. Degree 5: 9.4e-8, for results kept in float; 4: 2.9e-6, for results rounded to 16 bits.
template <int Degree>
struct power_series;
template <>
struct power_series<5> {
  static constexpr float nearest[] = {0x1.5bb99ep-10F, 0x1.3ceafap-7F, 0x1.c6b756p-5F,
                                      0x1.ebf9bap-3F,  0x1.62e42ap-1F, 1};
  static constexpr float below[] = {0x1.e974fep-10F, 0x1.277854p-7F, 0x1.c91ce6p-5F, 0x1.ebdb56p-3F, 0x1.62e4bap-1F, 1};
};
template <>
struct power_series<4> {
  static constexpr float nearest[] = {0x1.3a027ap-7F, 0x1.c9fd1ap-5F, 0x1.ec037cp-3F, 0x1.62e12cp-1F, 1};
  static constexpr float below[] = {0x1.b7f734p-7F, 0x1.abf868p-5F, 0x1.ee2452p-3F, 0x1.62d6c6p-1F, 1};
};

/// The polynomial of each, in place.
template <class P, std::size_t Count, std::size_t Terms>
COHORT_INLINE void horner(P (&x)[Count], float const (&terms)[Terms]) {
  namespace packet = Eigen::internal;
  P sum[Count];
  for (std::size_t i = 0; i < Count; ++i)
    sum[i] = packet::pmadd(packet::pset1<P>(terms[0]), x[i], packet::pset1<P>(terms[1]));
  for (std::size_t k = 2; k < Terms; ++k)
    for (std::size_t i = 0; i < Count; ++i) sum[i] = packet::pmadd(sum[i], x[i], packet::pset1<P>(terms[k]));
  for (std::size_t i = 0; i < Count; ++i) x[i] = sum[i];
}

/// exp(x * factor) for one factor > 0 and x <= 0, or a little more, as a row of a softmax needs it: exactly 0 where x is
/// -inf, exactly 1 for 0, NaN for NaN.
///
///   x * factor / log 2 = n + f;  2^n * 2^f
///
/// Fewer steps than exponential(), which multiplies by the factor first and owes the last place to every argument.
/// AVX-512 takes the product apart in one instruction: the relative error is that of the product, |x * factor| 2^-24,
/// beside the polynomial's, and results below the smallest normal number are rounded gradually. Elsewhere the factor is
/// two floats, so that f has no error of a product rounded, and such results are 0; without FMA that is not to be had,
/// and exponential() is taken.
template <int Degree>
struct scaled_exponential {
  float high, low, lowest;

  explicit scaled_exponential(double factor) {
    constexpr double inverse_log_2 = 1.4426950408889634, smallest = -126 * (1 - 0x1p-23); // normal once rounded
    double const in_powers = factor * inverse_log_2;
    high = static_cast<float>(in_powers);
    low = static_cast<float>(in_powers - static_cast<double>(high));
    lowest = static_cast<float>(smallest / in_powers);
  }

  template <class P>
  COHORT_INLINE P operator()(P x) const {
    P one[] = {x};
    each(one);
    return one[0];
  }

  /// In place, step by step for all of them.
  template <class P, std::size_t Count>
  COHORT_INLINE void each(P (&x)[Count]) const {
    namespace packet = Eigen::internal;
    P f[Count], n[Count];
    P const factor = packet::pset1<P>(high);
#if defined(EIGEN_VECTORIZE_AVX512) && defined(__AVX512DQ__)
    if constexpr (std::same_as<P, __m512>) {
      constexpr int down = 1;
      for (std::size_t i = 0; i < Count; ++i) n[i] = _mm512_mul_ps(x[i], factor);
      for (std::size_t i = 0; i < Count; ++i) f[i] = _mm512_reduce_ps(n[i], down);
      horner(f, power_series<Degree>::below);
      for (std::size_t i = 0; i < Count; ++i) x[i] = _mm512_scalef_ps(f[i], n[i]);
      return;
    }
#endif
    P const magic = packet::pset1<P>(3 * 0x1p22F);
    for (std::size_t i = 0; i < Count; ++i) n[i] = packet::pmadd(x[i], factor, magic);
    for (std::size_t i = 0; i < Count; ++i) f[i] = packet::pmadd(x[i], factor, packet::psub(magic, n[i]));
    for (std::size_t i = 0; i < Count; ++i) f[i] = packet::pmadd(x[i], packet::pset1<P>(low), f[i]);
    horner(f, power_series<Degree>::nearest);
    for (std::size_t i = 0; i < Count; ++i)
      x[i] = packet::pandnot(times_power_of_two<float>(f[i], n[i]), packet::pcmp_lt(x[i], packet::pset1<P>(lowest)));
  }
};

/// Whether a product and a sum are one operation of this machine, rounded once.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
inline constexpr bool fused_multiply_add = true;
#else
inline constexpr bool fused_multiply_add = false;
#endif

} // namespace detail::packs

COHORT_NAMESPACE_END

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
