// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Masks: bool, uint8, int32, int64 or the call's value type; non-zero is valid. An absent mask is valid everywhere.
///
/// The kind is a value and not a type: a mask never multiplies the instantiations of an algorithm.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <cohort/core/token_layout.hpp>

COHORT_NAMESPACE_BEGIN

enum class mask_kind : int { absent, bytes, int32, int64, values };

/// A mask argument of a call in T, over tokens or over rows.
template <class T, class Space>
struct mask_view {
  void const* data = nullptr;
  mask_kind kind = mask_kind::absent;
  int rank = 0;
  index_t extent[2] = {};
  index_t stride[2] = {};

  constexpr mask_view() = default;
  template <class X>
  requires(!std::same_as<std::remove_cvref_t<X>, mask_view>) constexpr mask_view(X&& x) {
    static_assert(tensor<X>, "cohort: a mask must be a tensor (docs/concepts.md)");
    if constexpr (tensor<X>) {
      using value = typename traits_of<X>::value_type;
      constexpr bool bytes = std::same_as<value, bool> || std::same_as<value, std::uint8_t>;
      constexpr bool integers = std::same_as<value, std::int32_t> || std::same_as<value, std::int64_t>;
      static_assert(bytes || integers || std::same_as<value, T>,
                    "cohort: a mask is bool, uint8, int32, int64 or of the call's value type");
      optional_token_view<storage_t<value> const, Space> const bound(x);
      data = bound.data;
      rank = bound.rank;
      for (int i = 0; i < 2; ++i) extent[i] = bound.extent[i], stride[i] = bound.stride[i];
      kind = bytes      ? mask_kind::bytes
             : integers ? (sizeof(value) == 4 ? mask_kind::int32 : mask_kind::int64)
                        : mask_kind::values;
    }
  }
  [[nodiscard]] constexpr bool given() const { return kind != mask_kind::absent; }
  [[nodiscard]] constexpr std::size_t element_bytes() const {
    return kind == mask_kind::bytes ? 1 : kind == mask_kind::int32 ? 4 : kind == mask_kind::int64 ? 8 : sizeof(T);
  }
};

/// One row of a mask, opened.
struct mask_line {
  void const* p = nullptr;
  mask_kind kind = mask_kind::absent;
  index_t step = 0;
  index_t lane_step = 0;
  index_t const* order = nullptr;

  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE line<X const> as() const {
    return {static_cast<X const*>(p), step, lane_step, order};
  }
};

[[nodiscard]] COHORT_HOST_DEVICE constexpr bool is_run(mask_line const& x) {
  return x.kind == mask_kind::absent || (x.step == 1 && !x.order);
}

/// A mask over a row layout.
template <class T, class Space>
struct mask_cells {
  void const* data = nullptr;
  mask_kind kind = mask_kind::absent;
  index_t row_stride = 0;
  index_t column_stride = 0;
  bool per_row = false;

  [[nodiscard]] COHORT_HOST_DEVICE mask_line row(row_layout<Space> const& rows, index_t r) const {
    switch (kind) {
    case mask_kind::bytes:
      return open<std::uint8_t>(rows, r);
    case mask_kind::int32:
      return open<std::int32_t>(rows, r);
    case mask_kind::int64:
      return open<std::int64_t>(rows, r);
    case mask_kind::values:
      return open<T>(rows, r);
    default:
      return {};
    }
  }

private:
  template <class X>
  COHORT_HOST_DEVICE mask_line open(row_layout<Space> const& rows, index_t r) const {
    auto const x = cells<X const, Space>{static_cast<X const*>(data), row_stride, column_stride, per_row}.row(rows, r);
    return {x.p, kind, x.step, x.lane_step, x.order};
  }
};

template <class T, class Space>
constexpr mask_cells<T, Space> token_mask(token_layout<Space> const& layout, mask_view<T, Space> const& x) {
  bool const rectangle = !layout.is_packed() && x.rank == 2;
  index_t const row_stride = rectangle ? x.stride[0] : layout.rows.width * x.stride[0];
  return {x.data, x.kind, row_stride, rectangle ? x.stride[1] : x.stride[0], false};
}

/// A mask with one value per row.
template <class T, class Space>
constexpr mask_cells<T, Space> row_mask(mask_view<T, Space> const& x) {
  return {x.data, x.kind, x.stride[0], 0, true};
}

namespace detail {

/// The numbers of a mask that is not absent.
template <class T, class L>
COHORT_HOST_DEVICE COHORT_INLINE typename L::type mask_numbers_inline(L at, mask_line const& x, index_t c) {
  switch (x.kind) {
  case mask_kind::bytes:
    return load(at, x.as<std::uint8_t>(), c);
  case mask_kind::int32:
    return load(at, x.as<std::int32_t>(), c);
  case mask_kind::int64:
    return load(at, x.as<std::int64_t>(), c);
  default:
    return load(at, x.as<T>(), c);
  }
}
template <class T, class V, bool InRow>
COHORT_APART COHORT_HOST_DEVICE V mask_numbers_apart(lane<V, InRow> at, mask_line const& x, index_t c) {
  return mask_numbers_inline<T>(at, x, c);
}

/// Bytes where they are asked for, if the loop around is worth it; the rest of the kinds in code that all masks share.
template <class T, class V, bool InRow>
COHORT_HOST_DEVICE COHORT_INLINE V mask_numbers(lane<V, InRow> at, mask_line const& x, index_t c) {
  if constexpr (lane_traits<V>::size == 1) return mask_numbers_inline<T>(at, x, c);
  if (x.kind == mask_kind::bytes) return load(at, x.as<std::uint8_t>(), c);
  return mask_numbers_apart<T>(at, x, c);
}
template <class T, class V>
COHORT_HOST_DEVICE COHORT_INLINE V mask_numbers(rest_lane<V> at, mask_line const& x, index_t c) {
  return mask_numbers_apart<T>(lane<V, true>{at.count}, x, c);
}

} // namespace detail

/// Which of the covered cells are valid.
template <class T, class L>
COHORT_HOST_DEVICE COHORT_INLINE auto load_mask(L at, mask_line const& x, index_t c) {
  using V = typename L::type;
  if (x.kind == mask_kind::absent) return lane_traits<V>::all();
  return detail::mask_numbers<T>(at, x, c) != V(0);
}
template <class T, class V>
COHORT_HOST_DEVICE COHORT_INLINE auto load_mask(run_lane<V> at, mask_line const& x, index_t c) {
  if (x.kind == mask_kind::absent) return lane_traits<V>::all();
  if (x.kind != mask_kind::bytes) [[unlikely]]
    return detail::mask_numbers<T>(rest_lane<V>{at.count}, x, c) != V(0);
  auto const bytes = x.as<std::uint8_t>();
  if constexpr (requires { lane_traits<V>::non_zero(x.p); }) {
    detail::prefetch<0>(bytes.p + c);
    return lane_traits<V>::non_zero(bytes.p + c);
  } else {
    return load(at, bytes, c) != V(0);
  }
}

COHORT_NAMESPACE_END
