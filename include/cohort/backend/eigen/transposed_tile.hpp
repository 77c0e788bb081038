// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of a rectangle between memory and a tile laid out [column][lane].
///
/// A packet is filled with 16 bytes each of rows `square` apart, so that squares inside its 16-byte parts, transposed all
/// at once, leave whole columns: no permutation crosses the parts, and what a load of the tile reads was written by one
/// store.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include <cohort/backend/eigen/pack.hpp>
#include <cohort/core/index.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#pragma GCC diagnostic ignored "-Wpsabi" // vectors as results of functions that are always inlined
#endif

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class T>
struct transposed_tile {
  /// tile[c][i] = p[i][c] for i < count; lanes without a row are 0.
  static COHORT_INLINE void read(T const* p, index_t row_stride, index_t columns, int count, T* tile) {
    if constexpr (whole)
      if (count == pack_size && columns >= square) return read_squares(p, row_stride, columns, tile);
    for (index_t c = 0; c < columns; ++c)
      for (int i = 0; i < pack_size; ++i) tile[c * pack_size + i] = i < count ? p[i * row_stride + c] : T(0);
  }
  static COHORT_INLINE void write(T* p, index_t row_stride, index_t columns, int count, T const* tile) {
    if constexpr (whole)
      if (count == pack_size && columns >= square) return write_squares(p, row_stride, columns, tile);
    for (index_t c = 0; c < columns; ++c)
      for (int i = 0; i < count; ++i) p[i * row_stride + c] = tile[c * pack_size + i];
  }

private:
  static constexpr int square = 16 / sizeof(T);
  static constexpr int lanes = packet_size<T>;
  static constexpr int parts = lanes / square;
  static constexpr bool whole = parts == 1 || parts == 2 || parts == 4;

  template <int Lanes>
  struct vector {
    typedef T type __attribute__((vector_size(Lanes * sizeof(T))));
  };
  using part = typename vector<square>::type;
  using packet = typename vector<lanes>::type;
  struct packets {
    packet row[square];
  };

  /// The last square lies over columns already moved where they are not a multiple.
  static COHORT_INLINE index_t first_column(index_t c, index_t columns) { return (std::min)(c, columns - square); }

  static COHORT_INLINE void read_squares(T const* p, index_t row_stride, index_t columns, T* tile) {
    for (index_t c = 0; c < columns; c += square) {
      index_t const first = first_column(c, columns);
      for (int i = 0; i < pack_size; i += lanes) {
        packets x;
        for (int k = 0; k < square; ++k) x.row[k] = load_parts<parts>(p + (i + k) * row_stride + first, row_stride);
        transpose(x);
        for (int k = 0; k < square; ++k) std::memcpy(tile + (first + k) * pack_size + i, &x.row[k], sizeof(packet));
      }
    }
  }
  static COHORT_INLINE void write_squares(T* p, index_t row_stride, index_t columns, T const* tile) {
    for (index_t c = 0; c < columns; c += square) {
      index_t const first = first_column(c, columns);
      for (int i = 0; i < pack_size; i += lanes) {
        packets x;
        for (int k = 0; k < square; ++k) std::memcpy(&x.row[k], tile + (first + k) * pack_size + i, sizeof(packet));
        transpose(x);
        for (int k = 0; k < square; ++k)
          store_parts(p + (i + k) * row_stride + first, row_stride, x.row[k], std::make_index_sequence<parts>{});
      }
    }
  }

  /// `Parts` parts, of rows `square` apart.
  template <int Parts>
  static COHORT_INLINE auto load_parts(T const* p, index_t row_stride) {
    if constexpr (Parts == 1) {
      part x;
      std::memcpy(&x, p, sizeof x);
      return x;
    } else {
      constexpr int half = Parts / 2;
      return joined(load_parts<half>(p, row_stride), load_parts<half>(p + half * square * row_stride, row_stride),
                    std::make_integer_sequence<int, Parts * square>{});
    }
  }
  template <class V, int... K>
  static COHORT_INLINE auto joined(V a, V b, std::integer_sequence<int, K...>) {
    return __builtin_shufflevector(a, b, K...);
  }
  template <std::size_t... J>
  static COHORT_INLINE void store_parts(T* p, index_t row_stride, packet x, std::index_sequence<J...>) {
    (store_part<J>(p + static_cast<index_t>(J) * square * row_stride, x, std::make_integer_sequence<int, square>{}),
     ...);
  }
  template <std::size_t J, int... K>
  static COHORT_INLINE void store_part(T* p, packet x, std::integer_sequence<int, K...>) {
    part const y = __builtin_shufflevector(x, x, (static_cast<int>(J) * square + K)...);
    std::memcpy(p, &y, sizeof y);
  }

  /// Every square of T[square][square] by its diagonal.
  static COHORT_INLINE void transpose(packets& x) {
    constexpr std::make_integer_sequence<int, lanes> all{};
    if constexpr (square == 2) {
      packet const a = x.row[0], b = x.row[1];
      x.row[0] = mixed<0, 2>(a, b, all), x.row[1] = mixed<1, 3>(a, b, all);
    } else {
      packet const low_ab = mixed<0, 4, 1, 5>(x.row[0], x.row[1], all),
                   low_cd = mixed<0, 4, 1, 5>(x.row[2], x.row[3], all);
      packet const high_ab = mixed<2, 6, 3, 7>(x.row[0], x.row[1], all),
                   high_cd = mixed<2, 6, 3, 7>(x.row[2], x.row[3], all);
      x.row[0] = mixed<0, 1, 4, 5>(low_ab, low_cd, all), x.row[1] = mixed<2, 3, 6, 7>(low_ab, low_cd, all);
      x.row[2] = mixed<0, 1, 4, 5>(high_ab, high_cd, all), x.row[3] = mixed<2, 3, 6, 7>(high_ab, high_cd, all);
    }
  }
  /// In every part the elements `From` of its a followed by its b.
  template <int... From, int... K>
  static COHORT_INLINE packet mixed(packet a, packet b, std::integer_sequence<int, K...>) {
    constexpr int from[] = {From...};
    return __builtin_shufflevector(
        a, b, (K / square * square + from[K % square] % square + from[K % square] / square * lanes)...);
  }
};

} // namespace detail

COHORT_NAMESPACE_END

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
