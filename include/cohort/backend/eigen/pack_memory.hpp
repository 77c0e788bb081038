// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Packs and memory: loads, stores, gathers, conversions, and the rules over lanes.
///
/// Tails and strides use the same lanes as whole packs, by partial loads: a scalar tail would change bits with the
/// padding width.
#pragma once

#include <cstring>

#include <cohort/backend/eigen/pack_convert.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#endif

COHORT_NAMESPACE_BEGIN

namespace detail {

/// pack_size contiguous T in memory as a pack.
template <class T>
COHORT_INLINE pack<T> load_packets(T const* p) {
  pack<T> x;
  x.low = packs::kept(packet::ploadu<packet_of<T>>(p));
  if constexpr (pack<T>::parts == 2) x.high = packs::kept(packet::ploadu<packet_of<T>>(p + packet_size<T>));
  return x;
}
template <class T>
COHORT_INLINE void store_packets(T* p, pack<T> x) {
  packet::pstoreu(p, x.low);
  if constexpr (pack<T>::parts == 2) packet::pstoreu(p + packet_size<T>, x.high);
}

} // namespace detail

template <class T>
struct lane_traits<detail::pack<T>> {
  using scalar = T;
  using pack = detail::pack<T>;
  static constexpr int size = detail::pack_size;
  template <class S>
  using of = detail::pack<S>;

  static COHORT_INLINE auto all() { return pack(0) == pack(0); }
  static COHORT_INLINE pack iota() {
    pack x;
    x.low = detail::packet::plset<detail::packet_of<T>>(T(0));
    if constexpr (pack::parts == 2) x.high = detail::packet::plset<detail::packet_of<T>>(T(detail::packet_size<T>));
    return x;
  }

  /// The function exp(x * factor) for x <= 0: see exponential.hpp.
  template <int Degree>
  requires(std::same_as<T, float>&& detail::packs::fused_multiply_add) static COHORT_INLINE auto scaled_exponential(
      double factor) {
    detail::packs::scaled_exponential<Degree> const packets(factor);
    return [packets](pack x) COHORT_FLAT { return detail::packs::each_packet(packets, x); };
  }
  /// Which of the lowest bits are set, one per lane.
  static COHORT_INLINE auto bits(std::uint32_t word) { return detail::packs::mask_of_bits<T>(word); }

  template <class S>
  static COHORT_INLINE pack load(S const* p, index_t step, int count) {
    if (step == 1 && count == size) {
      if constexpr (std::same_as<S, T>)
        return detail::load_packets(p);
      else if constexpr (std::same_as<S, half> || std::same_as<S, bfloat16>)
        return lane_cast<pack>(detail::packs::widened(p));
      else
        return detail::packs::widened<T>(p);
    }
    return load_some(p, step, count);
  }
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  /// Which of as many bytes are not 0: one instruction, where a conversion and a comparison take four.
  static COHORT_INLINE auto non_zero(void const* p) {
    if constexpr (size == 16) {
      __m128i const bytes = _mm_loadu_si128(static_cast<__m128i const*>(p));
      __mmask16 const bits = _mm_test_epi8_mask(bytes, bytes);
      detail::packs::pack_mask<T> mask;
      mask.low = static_cast<decltype(mask.low)>(bits);
      if constexpr (pack::parts == 2) mask.high = static_cast<decltype(mask.high)>(bits >> 8);
      return mask;
    }
  }
#endif
  template <class S>
  static COHORT_INLINE void store(S* p, index_t step, int count, pack value) {
    constexpr bool narrow = std::same_as<S, bfloat16> || (std::same_as<S, half> && detail::packs::narrows_half);
    if constexpr (std::same_as<S, T>)
      if (step == 1 && count == size) return detail::store_packets(p, value);
    if constexpr (std::same_as<T, float> && narrow)
      if (step == 1 && count == size) return detail::packs::narrowed(p, value);
    store_some(p, step, count, value);
  }
  /// The same, but for numbers too small to be normal ones, which may be stored as 0 of their sign.
  template <class S>
  static COHORT_INLINE void store_normal(S* p, int count, pack value) {
    if constexpr (std::same_as<S, bfloat16> && detail::packs::narrows_normal)
      if (count == size) return detail::packs::narrowed_normal(p, value);
    store(p, 1, count, value);
  }
  template <class S>
  COHORT_HIDDEN static pack gather(S const* p, index_t step, index_t const* order, int count) {
    alignas(64) T lanes[size] = {};
    for (int i = 0; i < count; ++i) lanes[i] = detail::widen<T>(p + order[i] * step);
    return detail::load_packets(lanes);
  }
  template <class S>
  COHORT_HIDDEN static void scatter(S* p, index_t step, index_t const* order, int count, pack value) {
    alignas(64) T lanes[size];
    detail::store_packets(lanes, value);
    for (int i = 0; i < count; ++i) detail::narrow(p + order[i] * step, lanes[i]);
  }

private:
  template <class S>
  COHORT_HIDDEN static pack load_some(S const* p, index_t step, int count) {
    if (step == 0) return pack(detail::widen<double>(p));
    alignas(64) T lanes[size] = {};
    for (int i = 0; i < count; ++i) lanes[i] = detail::widen<T>(p + i * step);
    return detail::load_packets(lanes);
  }
  template <class S>
  COHORT_HIDDEN static void store_some(S* p, index_t step, int count, pack value) {
    alignas(64) T lanes[size];
    detail::store_packets(lanes, value);
    for (int i = 0; i < count; ++i) detail::narrow(p + i * step, lanes[i]);
  }
};

namespace detail::packs {

/// The same lanes in another type.
template <class To, class T>
COHORT_INLINE To lane_cast(pack<T> x) {
  using S = typename lane_traits<To>::scalar;
  if constexpr (std::same_as<S, T>) {
    return x;
  } else {
    typedef T from __attribute__((vector_size(sizeof(T) * pack_size)));
    typedef S to __attribute__((vector_size(sizeof(S) * pack_size)));
    from source;
    std::memcpy(&source, &x, sizeof source);
    to const target = __builtin_convertvector(source, to);
    To result;
    std::memcpy(&result, &target, sizeof target);
    return result;
  }
}

/// The first `count` lanes of x, and the others of `rest`.
template <class T>
COHORT_INLINE pack<T> lane_head(int count, pack<T> x, pack<T> rest) {
  if (count >= pack_size) return x;
  return lane_select(lane_traits<pack<T>>::iota() < pack<T>(static_cast<double>(count)), x, rest);
}

template <class T>
COHORT_APART COHORT_HIDDEN double lane_fold(sum_rule, pack<T> x) {
  auto const y = lane_cast<pack<double>>(x);
  if constexpr (pack<double>::parts == 2)
    return packet::predux(packet::padd(y.low, y.high));
  else
    return packet::predux(y.low);
}
template <class T>
COHORT_APART COHORT_HIDDEN double lane_fold(minimum_rule, pack<T> x) {
  if constexpr (pack<T>::parts == 2)
    return static_cast<double>(packet::predux_min(packet::pmin(x.low, x.high)));
  else
    return static_cast<double>(packet::predux_min(x.low));
}
template <class T>
COHORT_APART COHORT_HIDDEN double lane_fold(maximum_rule, pack<T> x) {
  if constexpr (pack<T>::parts == 2)
    return static_cast<double>(packet::predux_max(packet::pmax(x.low, x.high)));
  else
    return static_cast<double>(packet::predux_max(x.low));
}

} // namespace detail::packs

COHORT_NAMESPACE_END

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
