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

/// One row of a mask whose elements follow one another, of a kind known before the loop.
template <mask_kind Kind>
struct mask_run {
  void const* p = nullptr;
  static constexpr mask_kind kind = Kind;
  constexpr mask_run() = default;
  COHORT_HOST_DEVICE constexpr explicit mask_run(mask_line const& x) : p(x.p) {}

  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE run<X const> as() const {
    return run<X const>(static_cast<X const*>(p));
  }
};

/// Absent, or bytes that follow one another: the other kinds are not worth a loop of their own.
[[nodiscard]] COHORT_HOST_DEVICE constexpr bool is_run(mask_line const& x) {
  return x.kind == mask_kind::absent || (x.kind == mask_kind::bytes && x.step == 1 && !x.order);
}

/// How the arguments of a row are opened: with any strides, or without, where a team gains by that.
struct any_lines {
  template <class T>
  using of = line<T>;
  template <class T>
  using or_value = line<T>;
  using mask = mask_line;
};
template <mask_kind Kind>
struct run_lines {
  template <class T>
  using of = run<T>;
  template <class T>
  using or_value = run_or_value<T>;
  using mask = mask_run<Kind>;
};

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

/// Which of the covered cells are valid.
template <class T, class V, bool InRow, class Mask>
COHORT_HOST_DEVICE COHORT_INLINE auto load_mask(lane<V, InRow> at, Mask const& x, index_t c) {
  V const zero(0);
  if constexpr (std::same_as<Mask, mask_run<mask_kind::bytes>> && requires { lane_traits<V>::non_zero(x.p); })
    if (at.count == lane_traits<V>::size) {
      auto const* const p = x.template as<std::uint8_t>().p + c;
      detail::prefetch<0>(p);
      return lane_traits<V>::non_zero(p);
    }
  switch (x.kind) {
  case mask_kind::bytes:
    return load(at, x.template as<std::uint8_t>(), c) != zero;
  case mask_kind::int32:
    return load(at, x.template as<std::int32_t>(), c) != zero;
  case mask_kind::int64:
    return load(at, x.template as<std::int64_t>(), c) != zero;
  case mask_kind::values:
    return load(at, x.template as<T>(), c) != zero;
  default:
    return lane_traits<V>::all();
  }
}

COHORT_NAMESPACE_END
