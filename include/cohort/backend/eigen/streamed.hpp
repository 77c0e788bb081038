// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Zeros past the caches: a row that nobody reads soon costs one write instead of a read and a write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <Eigen/Core>

#include <cohort/core/numeric.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

#if defined(EIGEN_VECTORIZE_SSE2)
/// The bytes that stand between `first` and the next address that is a multiple of a cache line, at most `count`.
COHORT_HIDDEN inline std::size_t bytes_to_line(void const* first, std::size_t count) {
  constexpr std::size_t line = 64;
  std::size_t const rest = (line - reinterpret_cast<std::uintptr_t>(first) % line) % line;
  return rest < count ? rest : count;
}

/// Zeros a line at a time, without reading it.
COHORT_HIDDEN inline void clear_streamed(std::byte* first, std::size_t bytes) {
  constexpr std::size_t line = 64;
  std::size_t const head = bytes_to_line(first, bytes), whole = (bytes - head) / line * line;
  std::memset(first, 0, head);
  std::byte* const lines = first + head;
  for (std::size_t i = 0; i < whole; i += line)
    for (std::size_t part = 0; part < line; part += sizeof(__m128i))
      _mm_stream_si128(reinterpret_cast<__m128i*>(lines + i + part), _mm_setzero_si128());
  std::memset(lines + whole, 0, bytes - head - whole);
  _mm_sfence(); // seen by whoever is told that the row is done
}
#else
COHORT_HIDDEN inline void clear_streamed(std::byte* first, std::size_t bytes) { std::memset(first, 0, bytes); }
#endif

/// 0 in each of n numbers.
template <class X>
COHORT_HIDDEN void clear_numbers(X* p, index_t n) {
  static_assert(is_storage<X>);
  clear_streamed(reinterpret_cast<std::byte*>(p), static_cast<std::size_t>(n) * sizeof(X));
}

} // namespace detail

COHORT_NAMESPACE_END
