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

/// The coefficients of 2^f on [-1/2, 1/2], from the highest power down: the smallest relative error of their degree, and
/// exactly 1 at 0. Degree 5: 9.2e-8, for results kept in float; 4: 2.8e-6, for results rounded to 16 bits.
template <int Degree>
inline constexpr float power_series[] = {0x1.5bb99ep-10F, 0x1.3ceafap-7F, 0x1.c6b756p-5F,
                                         0x1.ebf9bap-3F,  0x1.62e42ap-1F, 1};
template <>
inline constexpr float power_series<4>[] = {0x1.3a027ap-7F, 0x1.c9fd1ap-5F, 0x1.ec037cp-3F, 0x1.62e12cp-1F, 1};

template <int Degree, class P>
COHORT_INLINE P power_of_fraction(P f) {
  P sum = Eigen::internal::pset1<P>(power_series<Degree>[0]);
  for (int k = 1; k <= Degree; ++k)
    sum = Eigen::internal::pmadd(sum, f, Eigen::internal::pset1<P>(power_series<Degree>[k]));
  return sum;
}

/// exp(x * factor) for x <= 0 and one factor > 0, as a row of a softmax needs it: exactly 0 where x is -inf or the
/// result would not be normal, exactly 1 for 0, NaN for NaN.
///
///   x * factor / log 2 = n + f;  2^n * 2^f
///
/// The factor in these units is two floats, so that f has no error of a product rounded; without FMA that is not to be
/// had, and exponential() is taken. Fewer steps than exponential(), which multiplies by the factor first and owes the
/// last place to every argument: within 2.6 units of the last place at degree 5.
template <int Degree>
struct scaled_exponential {
  float high, low, lowest;

  explicit scaled_exponential(double factor) {
    constexpr double inverse_log_2 = 1.4426950408889634, smallest = -126;
    double const in_powers = factor * inverse_log_2;
    high = static_cast<float>(in_powers);
    low = static_cast<float>(in_powers - static_cast<double>(high));
    lowest = static_cast<float>(smallest / in_powers);
  }

  template <class P>
  COHORT_INLINE P operator()(P x) const {
    namespace packet = Eigen::internal;
    constexpr float magic = 3 * 0x1p22F;
    P const rounded = packet::pmadd(x, packet::pset1<P>(high), packet::pset1<P>(magic));
    P const n = packet::psub(rounded, packet::pset1<P>(magic));
    P const f = packet::pmadd(x, packet::pset1<P>(low), product_less(x, packet::pset1<P>(high), n));
    P const fraction = power_of_fraction<Degree>(f);
    return scaled(fraction, n, rounded, x);
  }

private:
  /// a * b - c, rounded once.
  template <class P>
  static COHORT_INLINE P product_less(P a, P b, P c) {
#if defined(EIGEN_VECTORIZE_AVX512)
    if constexpr (std::same_as<P, __m512>) return _mm512_fmsub_ps(a, b, c);
#endif
    return Eigen::internal::pmadd(a, b, Eigen::internal::pnegate(c));
  }
  /// fraction * 2^n, or 0 where the result would not be normal.
  template <class P>
  COHORT_INLINE P scaled(P fraction, [[maybe_unused]] P n, [[maybe_unused]] P rounded, P x) const {
    namespace packet = Eigen::internal;
#if defined(EIGEN_VECTORIZE_AVX512)
    if constexpr (std::same_as<P, __m512>)
      return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x, packet::pset1<P>(lowest), _CMP_NLT_UQ), fraction, n);
    else
#endif
      return packet::pandnot(times_power_of_two<float>(fraction, rounded),
                             packet::pcmp_lt(x, packet::pset1<P>(lowest)));
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
