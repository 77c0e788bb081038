// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What comparing two packets gives, and what is done with it: a bit per lane in a mask register with AVX-512, all bits
/// of a lane or none elsewhere. Eigen's own comparisons are the latter everywhere, which costs AVX-512 two more
/// instructions per comparison and one per selection.
#pragma once

#include <Eigen/Core>

#include <cohort/core/numeric.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes" // packet types as template arguments
#endif

COHORT_NAMESPACE_BEGIN

namespace detail::packs {

/// The words over one packet P. Every comparison with NaN is false.
template <class P>
struct packet_mask {
  using type = P;
  static COHORT_INLINE type less(P a, P b) { return Eigen::internal::pcmp_lt(a, b); }
  static COHORT_INLINE type less_equal(P a, P b) { return Eigen::internal::pcmp_le(a, b); }
  static COHORT_INLINE type equal(P a, P b) { return Eigen::internal::pcmp_eq(a, b); }
  static COHORT_INLINE type both(type a, type b) { return Eigen::internal::pand(a, b); }
  static COHORT_INLINE type either(type a, type b) { return Eigen::internal::por(a, b); }
  static COHORT_INLINE type opposite(type a) { return Eigen::internal::pandnot(Eigen::internal::ptrue(a), a); }
  static COHORT_INLINE P select(type m, P a, P b) { return Eigen::internal::pselect(m, a, b); }
  static COHORT_INLINE bool any(type m) { return Eigen::internal::predux_any(m); }
};

#if defined(EIGEN_VECTORIZE_AVX512)
template <class Mask>
struct register_mask {
  using type = Mask;
  static COHORT_INLINE type both(type a, type b) { return static_cast<type>(a & b); }
  static COHORT_INLINE type either(type a, type b) { return static_cast<type>(a | b); }
  static COHORT_INLINE type opposite(type a) { return static_cast<type>(~a); }
  static COHORT_INLINE bool any(type m) { return m != 0; }
};
template <>
struct packet_mask<__m512> : register_mask<__mmask16> {
  static COHORT_INLINE type less(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static COHORT_INLINE type less_equal(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
  static COHORT_INLINE type equal(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static COHORT_INLINE __m512 select(type m, __m512 a, __m512 b) { return _mm512_mask_blend_ps(m, b, a); }
};
template <>
struct packet_mask<__m512d> : register_mask<__mmask8> {
  static COHORT_INLINE type less(__m512d a, __m512d b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
  static COHORT_INLINE type less_equal(__m512d a, __m512d b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
  static COHORT_INLINE type equal(__m512d a, __m512d b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
  static COHORT_INLINE __m512d select(type m, __m512d a, __m512d b) { return _mm512_mask_blend_pd(m, b, a); }
};
#endif

} // namespace detail::packs

COHORT_NAMESPACE_END

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
