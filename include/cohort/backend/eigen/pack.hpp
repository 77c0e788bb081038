// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The pack: as many lanes as Eigen's float packet has, of float or of double, and the words of core/lane.hpp over it.
///
/// Plain members, not arrays: g++ keeps arrays in memory. Everything always_inline: one outlined lambda costs more than
/// what it computes. Each word is written out for both packets: a function that takes the word as a lambda is two more
/// inlinings of everything, and they were a tenth of what a call costs to compile.
#pragma once

#include <concepts>
#include <type_traits>

#include <Eigen/Core>

#include <cohort/backend/eigen/exponential.hpp>
#include <cohort/backend/eigen/pack_mask.hpp>
#include <cohort/core/accumulator.hpp>
#include <cohort/core/lane.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes" // packet types as template arguments
#endif

COHORT_NAMESPACE_BEGIN

/// A namespace of its own: the words are found through the packs, and hide none of core/lane.hpp from bodies.
namespace detail::packs {

namespace packet = Eigen::internal;

template <class T>
using packet_of = typename packet::packet_traits<T>::type;
template <class T>
inline constexpr int packet_size = packet::packet_traits<T>::size;

/// Lanes of every pack.
inline constexpr int pack_size = packet_size<float>;
static_assert(pack_size == packet_size<double> || pack_size == 2 * packet_size<double>,
              "cohort: a pack of doubles is one or two of Eigen's packets");

template <class T, int Parts>
struct pack_parts {
  packet_of<T> low, high;
};
template <class T>
struct pack_parts<T, 1> {
  packet_of<T> low;
};

template <class T>
struct pack : pack_parts<T, pack_size / packet_size<T>> {
  using packet_type = packet_of<T>;
  static constexpr int parts = pack_size / packet_size<T>;

  pack() = default;
  COHORT_INLINE pack(double x) {
    this->low = packet::pset1<packet_type>(static_cast<T>(x));
    if constexpr (parts == 2) this->high = this->low;
  }
};

/// f on each packet.
template <class F, class T, class... Packs>
COHORT_INLINE pack<T> each_packet(F f, pack<T> a, Packs... others) {
  pack<T> result;
  result.low = f(a.low, others.low...);
  if constexpr (pack<T>::parts == 2) result.high = f(a.high, others.high...);
  return result;
}

/// What a comparison of packs gives.
template <class T, int Parts = pack<T>::parts>
struct pack_mask {
  using words = packet_mask<packet_of<T>>;
  typename words::type low, high;
};
template <class T>
struct pack_mask<T, 1> {
  using words = packet_mask<packet_of<T>>;
  typename words::type low;
};

/// Keeps a product a product: g++ contracts it into a later sum otherwise, differently in each copy of a loop, and the
/// bits of a token would depend on the width of the padding.
template <class P>
COHORT_INLINE P kept(P x) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(x));
#elif defined(__x86_64__)
  __asm__("" : "+x"(x));
#elif defined(__aarch64__)
  __asm__("" : "+w"(x));
#endif
  return x;
}

template <class T>
COHORT_INLINE pack<T> operator+(pack<T> a, pack<T> b) {
  pack<T> y;
  y.low = packet::padd(a.low, b.low);
  if constexpr (pack<T>::parts == 2) y.high = packet::padd(a.high, b.high);
  return y;
}
template <class T>
COHORT_INLINE pack<T> operator-(pack<T> a, pack<T> b) {
  pack<T> y;
  y.low = packet::psub(a.low, b.low);
  if constexpr (pack<T>::parts == 2) y.high = packet::psub(a.high, b.high);
  return y;
}
template <class T>
COHORT_INLINE pack<T> operator*(pack<T> a, pack<T> b) {
  pack<T> y;
  y.low = kept(packet::pmul(a.low, b.low));
  if constexpr (pack<T>::parts == 2) y.high = kept(packet::pmul(a.high, b.high));
  return y;
}
template <class T>
COHORT_INLINE pack<T> operator/(pack<T> a, pack<T> b) {
  pack<T> y;
  y.low = packet::pdiv(a.low, b.low);
  if constexpr (pack<T>::parts == 2) y.high = packet::pdiv(a.high, b.high);
  return y;
}
template <class T>
COHORT_INLINE pack<T> lane_multiply(pack<T> a, pack<T> b) {
  return a * b;
}
template <class T>
COHORT_INLINE pack<T> lane_min(pack<T> a, pack<T> b) {
  pack<T> y;
  y.low = packet::pmin(a.low, b.low);
  if constexpr (pack<T>::parts == 2) y.high = packet::pmin(a.high, b.high);
  return y;
}
template <class T>
COHORT_INLINE pack<T> lane_max(pack<T> a, pack<T> b) {
  pack<T> y;
  y.low = packet::pmax(a.low, b.low);
  if constexpr (pack<T>::parts == 2) y.high = packet::pmax(a.high, b.high);
  return y;
}
template <class T>
COHORT_INLINE pack<T> lane_fma(pack<T> a, pack<T> b, pack<T> c) {
  pack<T> y;
  y.low = packet::pmadd(a.low, b.low, c.low);
  if constexpr (pack<T>::parts == 2) y.high = packet::pmadd(a.high, b.high, c.high);
  return y;
}
/// Correctly rounded. Eigen's own is an approximation for most packets.
template <class P>
COHORT_INLINE P rounded_sqrt(P x) {
#if defined(EIGEN_VECTORIZE_AVX512)
  if constexpr (std::same_as<P, __m512>) return _mm512_sqrt_ps(x);
  if constexpr (std::same_as<P, __m512d>) return _mm512_sqrt_pd(x);
#endif
#if defined(EIGEN_VECTORIZE_AVX)
  if constexpr (std::same_as<P, __m256>) return _mm256_sqrt_ps(x);
  if constexpr (std::same_as<P, __m256d>) return _mm256_sqrt_pd(x);
#endif
#if defined(EIGEN_VECTORIZE_SSE2)
  if constexpr (std::same_as<P, __m128>) return _mm_sqrt_ps(x);
  if constexpr (std::same_as<P, __m128d>) return _mm_sqrt_pd(x);
#endif
  return packet::psqrt(x);
}
template <class T>
COHORT_INLINE pack<T> lane_sqrt(pack<T> a) {
  pack<T> y;
  y.low = rounded_sqrt(a.low);
  if constexpr (pack<T>::parts == 2) y.high = rounded_sqrt(a.high);
  return y;
}
template <class T>
COHORT_INLINE pack<T> lane_abs(pack<T> a) {
  pack<T> y;
  y.low = packet::pabs(a.low);
  if constexpr (pack<T>::parts == 2) y.high = packet::pabs(a.high);
  return y;
}
template <class T>
COHORT_INLINE pack<T> lane_log(pack<T> a) {
  pack<T> y;
  y.low = packet::plog(a.low);
  if constexpr (pack<T>::parts == 2) y.high = packet::plog(a.high);
  return y;
}

template <class T>
COHORT_INLINE pack_mask<T> operator<(pack<T> a, pack<T> b) {
  pack_mask<T> mask;
  mask.low = pack_mask<T>::words::less(a.low, b.low);
  if constexpr (pack<T>::parts == 2) mask.high = pack_mask<T>::words::less(a.high, b.high);
  return mask;
}
template <class T>
COHORT_INLINE pack_mask<T> operator<=(pack<T> a, pack<T> b) {
  pack_mask<T> mask;
  mask.low = pack_mask<T>::words::less_equal(a.low, b.low);
  if constexpr (pack<T>::parts == 2) mask.high = pack_mask<T>::words::less_equal(a.high, b.high);
  return mask;
}
template <class T>
COHORT_INLINE pack_mask<T> operator==(pack<T> a, pack<T> b) {
  pack_mask<T> mask;
  mask.low = pack_mask<T>::words::equal(a.low, b.low);
  if constexpr (pack<T>::parts == 2) mask.high = pack_mask<T>::words::equal(a.high, b.high);
  return mask;
}
template <class T>
COHORT_INLINE pack_mask<T> operator>(pack<T> a, pack<T> b) {
  return b < a;
}
template <class T>
COHORT_INLINE pack_mask<T> operator>=(pack<T> a, pack<T> b) {
  return b <= a;
}

template <class T>
COHORT_INLINE pack_mask<T> lane_and(pack_mask<T> a, pack_mask<T> b) {
  pack_mask<T> mask;
  mask.low = pack_mask<T>::words::both(a.low, b.low);
  if constexpr (pack<T>::parts == 2) mask.high = pack_mask<T>::words::both(a.high, b.high);
  return mask;
}
template <class T>
COHORT_INLINE pack_mask<T> lane_or(pack_mask<T> a, pack_mask<T> b) {
  pack_mask<T> mask;
  mask.low = pack_mask<T>::words::either(a.low, b.low);
  if constexpr (pack<T>::parts == 2) mask.high = pack_mask<T>::words::either(a.high, b.high);
  return mask;
}
template <class T>
COHORT_INLINE pack_mask<T> lane_not(pack_mask<T> a) {
  pack_mask<T> y;
  y.low = pack_mask<T>::words::opposite(a.low);
  if constexpr (pack<T>::parts == 2) y.high = pack_mask<T>::words::opposite(a.high);
  return y;
}
template <class T>
COHORT_INLINE pack_mask<T> operator!=(pack<T> a, pack<T> b) {
  return lane_not(a == b);
}
template <class T>
COHORT_INLINE pack<T> lane_select(pack_mask<T> mask, pack<T> a, pack<T> b) {
  pack<T> y;
  y.low = pack_mask<T>::words::select(mask.low, a.low, b.low);
  if constexpr (pack<T>::parts == 2) y.high = pack_mask<T>::words::select(mask.high, a.high, b.high);
  return y;
}
template <class T>
COHORT_INLINE bool lane_any(pack_mask<T> mask) {
  bool const low = pack_mask<T>::words::any(mask.low);
  if constexpr (pack<T>::parts == 2)
    return low || pack_mask<T>::words::any(mask.high);
  else
    return low;
}

/// Exactly 0 below the smallest normal result (so for -inf), infinity above the largest finite one, NaN for NaN.
template <class T>
COHORT_INLINE pack<T> lane_exp(pack<T> x) {
  pack<T> y;
  y.low = exponential<T>(x.low);
  if constexpr (pack<T>::parts == 2) y.high = exponential<T>(x.high);
  return y;
}

} // namespace detail::packs

namespace detail {
using packs::pack;
using packs::pack_size;
using packs::packet_of;
using packs::packet_size;
namespace packet = packs::packet;
} // namespace detail

COHORT_NAMESPACE_END

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
