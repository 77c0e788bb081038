// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Neighbouring elements of any storage type in one thread: read and written by words of up to 16 bytes, widened and
/// rounded in registers.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <cohort/core/numeric.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail::thread_packs {

template <class T, int N>
struct elements {
  static constexpr int size = N;
  T x[N];
};

#if defined(__CUDA_ARCH__)
inline constexpr bool on_device = true;
/// A machine word of so many bytes: the device's own types, by which the compiler knows that one instruction moves it.
template <int Bytes>
using machine_word = std::conditional_t<Bytes == 16, uint4, std::conditional_t<Bytes == 8, uint2, unsigned>>;
#else
inline constexpr bool on_device = false;
template <int Bytes>
struct alignas(Bytes) machine_word {
  std::uint32_t x[Bytes / 4];
};
#endif

/// N elements of T as words of 4, 8 or 16 bytes, where they fill some.
template <class T, int N>
struct words_of {
  static constexpr int bytes = N * static_cast<int>(sizeof(T));
  static constexpr bool any = bytes % 4 == 0;
  static constexpr int word_bytes = !any ? 4 : bytes < 16 ? bytes : 16;
  static constexpr int count = any ? bytes / word_bytes : 1;
  using word = machine_word<word_bytes>;
  word x[count];
};

/// Whether N elements from p on stand in whole words.
template <int N, class T>
COHORT_HOST_DEVICE COHORT_INLINE bool in_words(T const* p) {
  if constexpr (words_of<T, N>::any)
    return reinterpret_cast<std::uintptr_t>(p) % words_of<T, N>::word_bytes == 0;
  else
    return false;
}

/// N elements from p on, one by one.
template <int N, class T>
COHORT_HOST_DEVICE COHORT_INLINE elements<T, N> read_elements(T const* p) {
  elements<T, N> run;
  COHORT_UNROLL
  for (int i = 0; i < N; ++i) copy_element(run.x + i, p + i);
  return run;
}
/// The same where in_words. The host's compilers see for themselves that elements follow one another.
template <int N, class T>
COHORT_HOST_DEVICE COHORT_INLINE elements<T, N> read_words(T const* p) {
  if constexpr (on_device && words_of<T, N>::any) {
    words_of<T, N> words;
    COHORT_UNROLL
    for (int k = 0; k < words.count; ++k) words.x[k] = reinterpret_cast<typename words_of<T, N>::word const*>(p)[k];
    return bits_as<elements<T, N>>(words);
  } else {
    return read_elements<N>(p);
  }
}
template <class T, int N>
COHORT_HOST_DEVICE COHORT_INLINE void write_words(T* p, elements<T, N> const& run) {
  if constexpr (on_device && words_of<T, N>::any) {
    auto const words = bits_as<words_of<T, N>>(run);
    COHORT_UNROLL
    for (int k = 0; k < words.count; ++k) reinterpret_cast<typename words_of<T, N>::word*>(p)[k] = words.x[k];
  } else {
    COHORT_UNROLL
    for (int i = 0; i < N; ++i) copy_element(p + i, run.x + i);
  }
}

/// One element as S: detail::widen, with the device's instruction for half.
template <class S, class T>
COHORT_HOST_DEVICE COHORT_INLINE S widened(T const* p) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<T, half>) {
    half x{};
    copy_element(&x, p);
    float value = 0;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(x.bits));
    return static_cast<S>(value);
  }
#endif
  return widen<S>(p);
}

/// Two floats as T, rounded once: detail::narrow, with the device's instructions.
template <class T>
COHORT_HOST_DEVICE COHORT_INLINE elements<T, 2> rounded_pair(float first, float second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  std::uint32_t both = 0;
  if constexpr (std::is_same_v<T, half>)
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  else
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  return bits_as<elements<T, 2>>(both);
#else
  elements<T, 2> pair;
  narrow(&pair.x[0], first);
  narrow(&pair.x[1], second);
  return pair;
#endif
}

/// The lanes as T, each rounded once.
template <class T, class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE elements<T, N> rounded(S const (&lanes)[N]) {
  elements<T, N> run;
  if constexpr (sizeof(T) == 2) {
    COHORT_UNROLL
    for (int i = 0; i < N; i += 2) {
      int const next = i + 1 < N ? i + 1 : i;
      auto const pair = rounded_pair<T>(float_before_narrowing(lanes[i]), float_before_narrowing(lanes[next]));
      run.x[i] = pair.x[0];
      run.x[next] = pair.x[next - i];
    }
  } else {
    COHORT_UNROLL
    for (int i = 0; i < N; ++i) run.x[i] = static_cast<T>(lanes[i]);
  }
  return run;
}

} // namespace detail::thread_packs

COHORT_NAMESPACE_END
