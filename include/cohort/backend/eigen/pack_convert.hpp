// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Packs of float and memory of another type, pack_size elements at once: what core/numeric.hpp does to one element, in
/// the compiler's vectors. Written per element, g++ goes through memory in quarters and clang++ through the scalar unit.
///
/// The same bits as element by element, but that F16C returns signalling NaN quiet.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <cohort/backend/eigen/pack.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#endif

COHORT_NAMESPACE_BEGIN

namespace detail::packs {

/// One X per lane. Never a parameter or a result: how those are passed depends on the instruction set.
template <class X>
struct vector_lanes {
  typedef X type __attribute__((vector_size(sizeof(X) * pack_size)));
};
template <class X>
using vector_of = typename vector_lanes<X>::type;

/// The representation of one as the other.
template <class To, class From>
COHORT_INLINE void copy_bits(To& to, From const& from) {
  static_assert(sizeof(To) == sizeof(From));
  std::memcpy(&to, &from, sizeof to);
}

/// pack_size integers, or numbers of the other width, as T.
template <class T, class S>
COHORT_INLINE pack<T> widened(S const* p) {
  vector_of<S> from;
  std::memcpy(&from, p, sizeof from);
  pack<T> x;
  copy_bits(x, __builtin_convertvector(from, vector_of<T>));
  return x;
}
/// pack_size small unsigned integers, wider. One instruction; g++ makes ten of a converted vector.
COHORT_INLINE void load_unsigned(vector_of<std::uint32_t>& to, std::uint8_t const* p) {
#if defined(EIGEN_VECTORIZE_AVX512)
  copy_bits(to, _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p))));
#elif defined(EIGEN_VECTORIZE_AVX2)
  copy_bits(to, _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<__m128i const*>(p))));
#else
  vector_of<std::uint8_t> from;
  std::memcpy(&from, p, sizeof from);
  to = __builtin_convertvector(__builtin_convertvector(from, vector_of<std::uint16_t>), vector_of<std::uint32_t>);
#endif
}
COHORT_INLINE void load_unsigned(vector_of<std::uint32_t>& to, std::uint16_t const* p) {
#if defined(EIGEN_VECTORIZE_AVX512)
  copy_bits(to, _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(p))));
#elif defined(EIGEN_VECTORIZE_AVX2)
  copy_bits(to, _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p))));
#else
  vector_of<std::uint16_t> from;
  std::memcpy(&from, p, sizeof from);
  to = __builtin_convertvector(from, vector_of<std::uint32_t>);
#endif
}

template <class T>
COHORT_INLINE pack<T> widened(std::uint8_t const* p) {
  vector_of<std::uint32_t> bytes;
  load_unsigned(bytes, p);
  vector_of<std::int32_t> integers;
  copy_bits(integers, bytes); // signed ones convert in one instruction everywhere
  pack<T> x;
  copy_bits(x, __builtin_convertvector(integers, vector_of<T>));
  return x;
}

COHORT_INLINE pack<float> widened(bfloat16 const* p) {
  vector_of<std::uint32_t> bits;
  load_unsigned(bits, &p->bits);
  pack<float> x;
  copy_bits(x, bits << 16);
  return x;
}

COHORT_INLINE pack<float> widened(half const* p) {
  pack<float> x;
#if defined(EIGEN_VECTORIZE_AVX512)
  x.low = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(p)));
#elif defined(EIGEN_VECTORIZE_AVX) && defined(__F16C__)
  x.low = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p)));
#else
  using integers = vector_of<std::uint32_t>;
  integers all;
  load_unsigned(all, &p->bits);
  integers const magnitude = (all & 0x7fffU) << 13;
  vector_of<float> const product = __builtin_convertvector(magnitude >> 13, vector_of<float>) * 0x1p-24F;
  integers subnormal, tiny, huge;
  copy_bits(subnormal, product);
  auto const below = magnitude < (1U << 23), beyond = magnitude >= (31U << 23);
  copy_bits(tiny, below);
  copy_bits(huge, beyond);
  integers const normal = magnitude + (112U << 23) + (huge & (112U << 23));
  integers const bits = (all & 0x8000U) << 16 | (tiny & subnormal) | (~tiny & normal);
  copy_bits(x, bits);
#endif
  return x;
}

/// Rounded once, to nearest, ties to even; NaN stays NaN.
COHORT_INLINE void narrowed(bfloat16* p, pack<float> x) {
  using integers = vector_of<std::uint32_t>;
  integers bits, nan;
  copy_bits(bits, x);
  auto const no_number = (bits & 0x7fffffffU) > 0x7f800000U;
  copy_bits(nan, no_number);
  integers const rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
  vector_of<std::uint16_t> const stored =
      __builtin_convertvector((nan & (bits >> 16 | 0x40U)) | (~nan & rounded), vector_of<std::uint16_t>);
  std::memcpy(p, &stored, sizeof stored);
}

/// The same in one instruction, which takes subnormal numbers for 0.
#if defined(EIGEN_VECTORIZE_AVX512) && defined(__AVX512BF16__)
inline constexpr bool narrows_normal = true;
COHORT_INLINE void narrowed_normal(bfloat16* p, pack<float> x) {
  __m256bh const stored = _mm512_cvtneps_pbh(x.low);
  std::memcpy(p, &stored, sizeof stored);
}
#else
inline constexpr bool narrows_normal = false;
COHORT_INLINE void narrowed_normal(bfloat16* p, pack<float> x) { narrowed(p, x); }
#endif

/// Which of the lowest bits are set, one per lane.
template <class T>
COHORT_INLINE pack_mask<T> mask_of_bits(std::uint32_t word) {
#if defined(EIGEN_VECTORIZE_AVX512)
  pack_mask<T> mask;
  mask.low = static_cast<decltype(mask.low)>(word);
  if constexpr (pack<T>::parts == 2) mask.high = static_cast<decltype(mask.high)>(word >> packet_size<T>);
  return mask;
#else
  vector_of<std::uint32_t> place;
  for (int i = 0; i < pack_size; ++i) place[i] = std::uint32_t{1} << i;
  vector_of<std::int32_t> set;
  copy_bits(set, (place & word) != 0);
  pack<T> x;
  copy_bits(x, __builtin_convertvector(set, vector_of<T>));
  return x != pack<T>(0);
#endif
}

/// Whether narrowed() knows half: with F16C. Element by element elsewhere.
#if defined(EIGEN_VECTORIZE_AVX512) || (defined(EIGEN_VECTORIZE_AVX) && defined(__F16C__))
inline constexpr bool narrows_half = true;
COHORT_INLINE void narrowed(half* p, pack<float> x) {
  using integers = vector_of<std::uint32_t>;
  integers bits, nan;
  copy_bits(bits, x);
  auto const no_number = (bits & 0x7fffffffU) > 0x7f800000U;
  copy_bits(nan, no_number);
  integers const canonical = (nan & ((bits & 0x80000000U) | 0x7fc00000U)) | (~nan & bits); // no payload survives
  copy_bits(x, canonical);
#if defined(EIGEN_VECTORIZE_AVX512)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x.low, _MM_FROUND_TO_NEAREST_INT));
#else
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x.low, _MM_FROUND_TO_NEAREST_INT));
#endif
}
#else
inline constexpr bool narrows_half = false;
#endif

} // namespace detail::packs

COHORT_NAMESPACE_END

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
