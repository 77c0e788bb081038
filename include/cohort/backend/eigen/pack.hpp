// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The pack: as many lanes as Eigen's float packet has, of float or of double, and the words of core/lane.hpp over it.
///
/// Plain members, not arrays: g++ keeps arrays in memory. Everything always_inline: one outlined lambda costs more than
/// what it computes.
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
/// f on the masks or packets of each packet.
template <class T, class F, class... Operands>
COHORT_INLINE pack_mask<T> each_mask(F f, Operands... operands) {
  pack_mask<T> result;
  result.low = f(operands.low...);
  if constexpr (pack<T>::parts == 2) result.high = f(operands.high...);
  return result;
}

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
  return each_packet([](auto x, auto y) COHORT_FLAT { return packet::padd(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack<T> operator-(pack<T> a, pack<T> b) {
  return each_packet([](auto x, auto y) COHORT_FLAT { return packet::psub(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack<T> operator*(pack<T> a, pack<T> b) {
  return each_packet([](auto x, auto y) COHORT_FLAT { return kept(packet::pmul(x, y)); }, a, b);
}
template <class T>
COHORT_INLINE pack<T> operator/(pack<T> a, pack<T> b) {
  return each_packet([](auto x, auto y) COHORT_FLAT { return packet::pdiv(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack<T> lane_multiply(pack<T> a, pack<T> b) {
  return a * b;
}
template <class T>
COHORT_INLINE pack<T> lane_min(pack<T> a, pack<T> b) {
  return each_packet([](auto x, auto y) COHORT_FLAT { return packet::pmin(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack<T> lane_max(pack<T> a, pack<T> b) {
  return each_packet([](auto x, auto y) COHORT_FLAT { return packet::pmax(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack<T> lane_fma(pack<T> a, pack<T> b, pack<T> c) {
  return each_packet([](auto x, auto y, auto z) COHORT_FLAT { return packet::pmadd(x, y, z); }, a, b, c);
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
  return each_packet([](auto x) COHORT_FLAT { return rounded_sqrt(x); }, a);
}
template <class T>
COHORT_INLINE pack<T> lane_abs(pack<T> a) {
  return each_packet([](auto x) COHORT_FLAT { return packet::pabs(x); }, a);
}
template <class T>
COHORT_INLINE pack<T> lane_log(pack<T> a) {
  return each_packet([](auto x) COHORT_FLAT { return packet::plog(x); }, a);
}

template <class T>
COHORT_INLINE pack_mask<T> operator<(pack<T> a, pack<T> b) {
  return each_mask<T>([](auto x, auto y) COHORT_FLAT { return pack_mask<T>::words::less(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack_mask<T> operator<=(pack<T> a, pack<T> b) {
  return each_mask<T>([](auto x, auto y) COHORT_FLAT { return pack_mask<T>::words::less_equal(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack_mask<T> operator==(pack<T> a, pack<T> b) {
  return each_mask<T>([](auto x, auto y) COHORT_FLAT { return pack_mask<T>::words::equal(x, y); }, a, b);
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
  return each_mask<T>([](auto x, auto y) COHORT_FLAT { return pack_mask<T>::words::both(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack_mask<T> lane_or(pack_mask<T> a, pack_mask<T> b) {
  return each_mask<T>([](auto x, auto y) COHORT_FLAT { return pack_mask<T>::words::either(x, y); }, a, b);
}
template <class T>
COHORT_INLINE pack_mask<T> lane_not(pack_mask<T> a) {
  return each_mask<T>([](auto x) COHORT_FLAT { return pack_mask<T>::words::opposite(x); }, a);
}
template <class T>
COHORT_INLINE pack_mask<T> operator!=(pack<T> a, pack<T> b) {
  return lane_not(a == b);
}
template <class T>
COHORT_INLINE pack<T> lane_select(pack_mask<T> mask, pack<T> a, pack<T> b) {
  return each_packet([](auto x, auto y, auto m) COHORT_FLAT { return pack_mask<T>::words::select(m, x, y); }, a, b,
                     mask);
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
  return each_packet([](auto p) COHORT_FLAT { return exponential<T>(p); }, x);
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
